"""The phones: the product's own client, each with a log of its own, logging and syncing all the time."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from client.answers import Tokens
from client.engine import Halted, Synced, SyncEngine
from client.events import Draft
from client.home import Home
from client.protocol import Protocol
from client.queue import EventQueue
from client.session import Session
from deploy.local.lifelike import Diary
from shared.registry import registry

WEEKS = 600
OWNERS = (0, 0, 1, 1, 2, 3)
PATIENCE_SECONDS = 180


class PhoneFailed(Exception):
    """A phone could not go on; a fault of the server must never bring that about."""


@dataclass(frozen=True)
class Acknowledged:
    """One event that the server has acknowledged."""

    device_id: UUID
    sequence_number: int
    event_id: UUID


class Phone:
    """One phone. `chance` decides when it logs and how much."""

    def __init__(self, folder: Path, url: str, diary: Iterator[Draft], chance: random.Random) -> None:
        self._home = Home(folder)
        self._queue = EventQueue(self._home.log)
        self._session = Session(self._home.session)
        self._session.use_server(url)
        self._protocol = Protocol(url)
        self.engine = SyncEngine(self._home, self._queue, self._session, self._protocol, chance=chance.random)
        self._diary, self._chance = diary, chance

    async def join(self, other: "Phone") -> None:
        """Belongs to the same user as another phone from now on."""
        device_id = self._queue.identity.device_id
        bearer = await other.engine.credentials.bearer()
        answer = await self._protocol.create_device(device_id, self._session.secret(device_id), bearer=bearer)
        if not isinstance(answer, Tokens):
            raise PhoneFailed(f"the second phone was not let in: {answer}")
        self.engine.credentials.adopt(answer)

    async def live(self, ended: asyncio.Event) -> None:
        """Logs a little, syncs, waits a moment, until it is over."""
        while not ended.is_set():
            drafts = [draft for _, draft in zip(range(self._chance.randint(1, 30)), self._diary, strict=False)]
            self._queue.append(drafts)
            await self._sync(attempts=3)
            await asyncio.sleep(self._chance.random())

    async def finish(self) -> None:
        """Brings everything to the server.

        Raises:
            PhoneFailed: when the server does not take it.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not isinstance(await self._sync(attempts=6), Synced):
                await asyncio.sleep(0.5)

    async def _sync(self, attempts: int) -> Any:
        outcome = await self.engine.sync(attempts)
        if isinstance(outcome, Halted):
            raise PhoneFailed(f"{outcome.code}: {outcome.reason}")
        return outcome

    @property
    def logged(self) -> int:
        standing = self._queue.standing
        return standing.pending + standing.synced + standing.failed

    def acknowledged(self) -> list[Acknowledged]:
        """What the server has said that it keeps."""
        return [
            Acknowledged(event.device_id, event.sequence_number, event.event_id)
            for event, _ in self._queue.events()
            if event.status == "synced"
        ]

    async def close(self) -> None:
        await self._protocol.close()
        self._queue.close()


def diary(seed: int) -> Iterator[Draft]:
    """A history long enough for any run; it ends before now."""
    now = datetime.now(UTC)
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday(), weeks=WEEKS)
    for fact in Diary(seed, 1).weeks(monday, WEEKS, "UTC"):
        yield Draft(registry().parse(fact.event_type, 1, fact.payload), fact.occurred_at)


async def introduced(folder: Path, url: str, seed: int) -> Sequence[Phone]:
    """Phones of several users, some of whom have two, all known to the server. Two phones of one user log the same
    history, so that they touch the same workouts and sets."""
    phones: list[Phone] = []
    for number, owner in enumerate(OWNERS):
        chance = random.Random(seed * 1_000 + number)  # noqa: S311  repeatable, not secret
        phone = Phone(folder / f"phone-{number}", url, diary(seed * 1_000 + owner), chance)
        if owner in OWNERS[:number]:
            await phone.join(phones[OWNERS.index(owner)])
        await phone.finish()
        phones.append(phone)
    return phones
