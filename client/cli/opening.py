"""What every command starts from: the log of this device."""

import gc
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from client import clock
from client.events import Draft, LoggedEvent, PulledEvent
from client.home import Home
from client.ids import new_id
from client.pulled import PulledLog
from client.queue import EventQueue
from client.schema import connect, connect_reading, transaction
from client.session import Session
from shared.registry import DomainEvent

if TYPE_CHECKING:
    from client.projections import Projection


def _nothing() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


class Log:
    """The log in `HYPERTROPHY_HOME`, and what it comes to."""

    def __init__(self, *, reading: bool = False) -> None:
        """One that is only for reading makes no home: where there is none, it is empty."""
        self.home = Home(make=not reading)
        self.queue = EventQueue(self._opened(reading) if self.home.folder.exists() else _nothing())
        self.pulled = PulledLog(self.queue.connection)
        self.session = Session(self.home.session)
        self.now = clock.now()

    def _opened(self, reading: bool) -> sqlite3.Connection:
        return connect_reading(self.home.log) if reading and self.home.log.exists() else connect(self.home.log)

    @cached_property
    def projection(self) -> "Projection":
        """The folded log, with everything that this command has added so far."""
        return self.read()

    def read(self) -> "Projection":
        """The folded log as it is now, with what was pulled since this command began."""
        from client.projections import project

        # This process is short-lived and keeps what it makes: looking for garbage would only cost a third of the time.
        gc.disable()
        return project(self.queue, self.pulled)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """All or nothing, and no other process logs meanwhile: what is read in it still holds when it is written."""
        with transaction(self.queue.connection):
            # Another process may have logged since it was read.
            self.__dict__.pop("projection", None)
            yield

    @property
    def events(self) -> list[LoggedEvent | PulledEvent]:
        """All that counts, own events and others'."""
        return [*(event for event, _ in self.queue.events()), *self.pulled.events()]

    @cached_property
    def zone(self) -> ZoneInfo:
        """The profile's time zone, else this machine's."""
        return clock.zone(self.projection.profile.time_zone)

    def time(self, text: str) -> datetime:
        """The typed time."""
        return clock.read_time(text, self.zone, self.now)

    def done_at(self, text: str | None) -> datetime:
        """The typed time of something that was done, else now."""
        return self.now if text is None else clock.read_past_time(text, self.zone, self.now)

    def add(
        self, events: Iterable[DomainEvent], at: datetime | None = None, correlation_id: UUID | None = None
    ) -> tuple[LoggedEvent, ...]:
        """Logs events. Several that are logged together can be undone together."""
        events = tuple(events)
        together = correlation_id or (new_id() if len(events) > 1 else None)
        logged = self.queue.append(Draft(event, at or self.now, together) for event in events)
        if "projection" in self.__dict__:
            self.projection = self.projection.after(event.recorded(event.seen) for event in logged)
        return logged
