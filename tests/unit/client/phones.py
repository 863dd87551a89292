"""Phones in temporary folders, for tests of the client."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx2

from client.engine import Outcome, SyncEngine
from client.events import Draft, LoggedEvent
from client.home import Home
from client.projections import Projection, project
from client.protocol import Protocol
from client.queue import EventQueue
from client.session import Session
from shared.digests import Digest
from shared.domains.exercises.catalogue import CATALOGUE
from shared.domains.workouts.events import SetCompleted, SetCorrected, WorkoutStarted
from shared.registry import DomainEvent

BENCH = next(iter(CATALOGUE))
START = datetime(2026, 11, 21, 10, tzinfo=UTC)


async def _at_once(_seconds: float) -> None:
    pass


class Phone:
    """One client with its own clock, which starts at `START` and moves a minute with each event."""

    def __init__(self, folder: Path, transport: httpx2.AsyncBaseTransport, batch: int = 500) -> None:
        self.home = Home(folder)
        self.queue = EventQueue(self.home.log)
        self.session = Session(self.home.session)
        self.session.use_server("http://server.test")
        self.protocol = Protocol(self.session.server, transport)
        self.engine = SyncEngine(
            self.home, self.queue, self.session, self.protocol, sleep=_at_once, chance=lambda: 0.5, batch=batch
        )
        self.now = START

    async def sync(self, attempts: int = 3) -> Outcome:
        return await self.engine.sync(attempts)

    def log(self, *events: DomainEvent) -> tuple[LoggedEvent, ...]:
        self.now += timedelta(minutes=1)
        return self.queue.append([Draft(event, self.now) for event in events])

    def start(self) -> UUID:
        workout_id = uuid4()
        self.log(WorkoutStarted(workout_id=workout_id, started_at=self.now))
        return workout_id

    def set(self, workout_id: UUID, reps: int = 5, weight: int = 100) -> UUID:
        set_id = uuid4()
        self.log(
            SetCompleted(
                set_id=set_id,
                workout_id=workout_id,
                exercise_id=BENCH,
                completed_at=self.now,
                reps=reps,
                weight=weight,  # type: ignore[arg-type]
            )
        )
        return set_id

    def correct(self, set_id: UUID, reps: int) -> None:
        self.log(SetCorrected(set_id=set_id, reps=reps))

    @property
    def device_id(self) -> UUID:
        return self.queue.identity.device_id

    @property
    def projection(self) -> Projection:
        return project(self.queue, self.engine.pulled)

    @property
    def content(self) -> Digest:
        return self.projection.content_digest
