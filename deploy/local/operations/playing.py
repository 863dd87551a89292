"""Many phones at once: real clients, each with its own log in memory, that train and sync as fast as they can."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import httpx2

from client.engine import Synced, SyncEngine
from client.events import Draft
from client.home import Home
from client.ids import new_id
from client.protocol import Protocol
from client.queue import BATCH, EventQueue
from client.session import Session
from deploy.local.operations.percentiles import percentile
from shared.domains.exercises.catalogue import CATALOGUE
from shared.domains.workouts.events import SetCompleted, WorkoutStarted
from shared.registry import DomainEvent

_SETS = 24


@dataclass(frozen=True, slots=True)
class Load:
    """What to play: `batch` events are logged before each sync."""

    devices: int
    seconds: float
    batch: int = 100


@dataclass(slots=True)
class Played:
    """What came of it. `syncs_s` are the seconds of each sync, a push and a pull, that got through."""

    events: int = 0
    failures: int = 0
    syncs_s: list[float] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)
    seconds: float = 0

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0

    def percentile(self, percent: int) -> float:
        """Milliseconds that so many of a hundred syncs stay below."""
        return percentile(self.syncs_s, percent) * 1000


class Phone:
    """One simulated phone."""

    def __init__(self, folder: Path, server: str, transport: httpx2.AsyncBaseTransport | None) -> None:
        home = Home(folder)
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.queue = EventQueue(connection)
        session = Session(home.session)
        session.use_server(server)
        self.protocol = Protocol(server, transport)
        self.engine = SyncEngine(home, self.queue, session, self.protocol, batch=BATCH)
        self._moment = datetime.now(UTC) - timedelta(days=365)
        self._exercises = list(CATALOGUE)[:30]
        self._workout, self._done = uuid4(), _SETS

    def train(self, count: int) -> None:
        """Logs the next events of a training life."""
        self.queue.append([Draft(self._next(), self._moment) for _ in range(count)])

    def _next(self) -> DomainEvent:
        self._moment += timedelta(minutes=2)
        if self._done >= _SETS:
            self._workout, self._done = new_id(), 0
            return WorkoutStarted(workout_id=self._workout, started_at=self._moment)
        self._done += 1
        return SetCompleted(
            set_id=new_id(),
            workout_id=self._workout,
            exercise_id=self._exercises[self._done % len(self._exercises)],
            completed_at=self._moment,
            reps=5 + self._done % 8,
            weight=Decimal(40 + self._done),
        )


async def play(
    load: Load,
    server: str,
    folder: Path,
    transport: Callable[[], httpx2.AsyncBaseTransport] | None = None,
) -> Played:
    """Plays the load; every phone has made its device before the time begins."""
    async with AsyncExitStack() as stack:
        phones = [Phone(folder / str(n), server, transport() if transport else None) for n in range(load.devices)]
        for phone in phones:
            stack.push_async_callback(phone.protocol.close)
        played = Played()
        await asyncio.gather(*(_sync(phone, played) for phone in phones))
        played = Played(reasons=played.reasons)
        started = time.perf_counter()
        await asyncio.gather(*(_live(phone, load, played, started + load.seconds) for phone in phones))
        played.seconds = time.perf_counter() - started
        return played


async def _live(phone: Phone, load: Load, played: Played, until: float) -> None:
    while time.perf_counter() < until:
        phone.train(load.batch)
        await _sync(phone, played)


async def _sync(phone: Phone, played: Played) -> None:
    started = time.perf_counter()
    outcome = await phone.engine.sync()
    played.events += outcome.moved.pushed
    if isinstance(outcome, Synced):
        played.syncs_s.append(time.perf_counter() - started)
    else:
        played.failures += 1
        played.reasons.add(outcome.reason)


def yes_man() -> httpx2.MockTransport:
    """A server that accepts everything at once: what is measured against it is the generator itself."""
    epoch, user = str(UUID(int=1)), str(UUID(int=2))
    acked: dict[str, int] = {}

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/devices"):
            body = json.loads(request.content)
            tokens = {"access_token": "a", "refresh_token": "r", "expires_in": 900, "is_anonymous": True}
            return httpx2.Response(201, json={"user_id": user, "device_id": body["device_id"], **tokens})
        if request.url.path.endswith("/events"):
            return httpx2.Response(200, json={"events": [], "next_cursor": "c", "has_more": False})
        body = json.loads(request.content)
        device, events = body["device_id"], body["events"]
        acked[device] = max([acked.get(device, 0), *(event["sequence_number"] for event in events)])
        cursor = {"device_id": device, "last_acked_sequence": acked[device], "last_accepted_sequence": acked[device]}
        counts = {"accepted_count": len(events), "duplicate_count": 0, "errors": []}
        return httpx2.Response(200, json={"ack_cursor": cursor, **counts, "server_epoch": epoch})

    return httpx2.MockTransport(answer)
