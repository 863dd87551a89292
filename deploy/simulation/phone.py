"""A phone: the real queue and engine on a disk in memory, whose power may go at any statement."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from client.credentials import Hindered
from client.engine import Outcome, SyncEngine
from client.events import Draft, LoggedEvent
from client.home import Home
from client.joining import Joining
from client.projections import Projection, project
from client.queue import EventQueue
from client.session import Session
from deploy.simulation.chance import Chance
from deploy.simulation.running import Running
from deploy.simulation.wire import Call, Wire

ATTEMPTS = 3
# The moments of all that counts here: they name the facts.
_KNOWN = """
    SELECT occurred_at FROM events WHERE status <> 'failed' AND replaced_by IS NULL
    UNION SELECT json_extract(body, '$.occurred_at') FROM pulled_events
"""
_HELD = "SELECT occurred_at FROM events UNION SELECT json_extract(body, '$.occurred_at') FROM pulled_events"
_ACKNOWLEDGED = "SELECT occurred_at FROM events WHERE status IN ('synced', 'failed')"
_THINGS = """
    SELECT event_type, payload FROM events WHERE status <> 'failed' AND replaced_by IS NULL
    UNION ALL SELECT json_extract(body, '$.event_type'), json_extract(body, '$.payload') FROM pulled_events
"""


async def _at_once(_seconds: float) -> None:
    """Time is the world's."""


class PowerCut(BaseException):
    """The phone is off before the next statement."""


class Disk(sqlite3.Connection):
    """`fuse` statements from now the power goes; 0 means never."""

    fuse = 0

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.burn()
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        self.burn()
        return super().executemany(sql, parameters)

    def peek(self, sql: str) -> list[Any]:
        """What only the world asks: it takes no power."""
        return super().execute(sql).fetchall()

    def burn(self) -> None:
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                raise PowerCut


class Pocket(Session):
    """The session file, on the same disk."""

    def __init__(self, disk: Disk, content: dict[str, Any], ids: Callable[[], UUID]) -> None:
        self.disk, self.content, self._ids = disk, content, ids

    def secret(self, device_id: UUID) -> str:
        """As in the real file, but for what is drawn: a world can be played again."""
        secrets = self.content.get("secrets", {})
        if str(device_id) not in secrets:
            secrets = secrets | {str(device_id): self._ids().hex + self._ids().hex}
            self._write({**self.content, "secrets": secrets})
        return str(secrets[str(device_id)])

    def _alone(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _read(self) -> dict[str, Any]:
        return dict(self.content)

    def _write(self, content: dict[str, Any]) -> None:
        self.disk.burn()
        self.content = content


class Folderless(Home):
    """Locks of a phone on which one process runs at a time."""

    def __init__(self) -> None:
        pass

    def lock(self, name: str) -> Path:
        return Path(":memory:")


class Snapshot:
    """A whole phone as it was."""

    def __init__(self, log: bytes, session: dict[str, Any], skew: timedelta) -> None:
        self.log, self.session, self.skew = log, session, skew


class Phone:
    """`skew` is how far its clock is off. `waiting` is the request whose answer the running sync waits for."""

    def __init__(self, name: str, email: str, chance: Chance, snapshot: Snapshot | None = None) -> None:
        self.name, self.email, self._chance = name, email, chance
        self.skew = snapshot.skew if snapshot else timedelta()
        self.disk = sqlite3.connect(":memory:", isolation_level=None, factory=Disk)
        if snapshot:
            self.disk.deserialize(snapshot.log)
        self.pocket = Pocket(self.disk, dict(snapshot.session) if snapshot else {}, chance.id)
        self.batch = chance.between(1, 12)
        self.running: Running[Outcome | None] | None = None
        self._start()

    def _start(self) -> None:
        chance, self._wire = self._chance, Wire()
        self.queue = EventQueue(self.disk, now=self.now, ids=chance.id)
        self.engine = SyncEngine(
            Folderless(),
            self.queue,
            self.pocket,
            self._wire,
            chance=chance.fraction,
            sleep=_at_once,
            clock=lambda: self.now().timestamp(),
            ids=chance.id,
            batch=self.batch,
        )

    def now(self) -> datetime:
        """The time by this phone's clock."""
        return self._chance.now + self.skew

    def snapshot(self) -> Snapshot:
        return Snapshot(self.disk.serialize(), dict(self.pocket.content), self.skew)

    def log(self, draft: Draft) -> LoggedEvent:
        return self.queue.append([draft])[0]

    @property
    def waiting(self) -> Call | None:
        return self.running.question if self.running else None

    @property
    def idle(self) -> bool:
        return self.running is None

    def sync(self) -> None:
        """Begins to sync; the world answers the calls."""
        self._run(Running(self.engine.sync(ATTEMPTS)))

    def join(self, *, register: bool) -> None:
        """Begins to register, or to log in to the account, as the command line does."""
        self._run(Running(self._joined(register)))

    async def _joined(self, register: bool) -> None:
        joining = Joining(self.engine.credentials, self._wire)
        with suppress(Hindered):
            await (joining.register(self.email, "") if register else joining.login(self.email, ""))

    def _run(self, running: Running[Any]) -> None:
        self.running = running
        self.hear(None)

    def hear(self, answer: Any) -> Outcome | None:
        """Goes on with what the network brought; the outcome once there is one. A power cut ends what runs."""
        running = self.running
        assert running is not None
        try:
            running.move(answer)
        except PowerCut:
            self.restart()
            return None
        if not running.done:
            return None
        self.running = None
        return running.result

    def restart(self) -> None:
        """What was running is over, and what was not committed is gone."""
        if self.running:
            self.running.end()
        self.running, self.disk.fuse = None, 0
        if self.disk.in_transaction:
            self.disk.rollback()
        self._start()

    def known(self) -> frozenset[str]:
        """The moments of the facts that its owner can see on it."""
        return frozenset(row[0] for row in self.disk.peek(_KNOWN))

    def held(self) -> frozenset[str]:
        """The moments of the facts that it still has in any form."""
        return frozenset(row[0] for row in self.disk.peek(_HELD))

    def acknowledged(self) -> frozenset[str]:
        """The moments of the facts that it was told are safe."""
        return frozenset(row[0] for row in self.disk.peek(_ACKNOWLEDGED))

    def things(self) -> list[tuple[str, str]]:
        """Event types and payloads of what can be seen on it."""
        return [(row[0], row[1]) for row in self.disk.peek(_THINGS)]

    @property
    def projection(self) -> Projection:
        return project(self.queue, self.engine.pulled)
