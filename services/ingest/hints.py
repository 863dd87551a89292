"""Live hints: what every connection of a user is told, so that it pulls. Never the data itself."""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from prometheus_client import Gauge
from pydantic_core import to_json

from services.ingest.domain import was_revoked
from shared.identity import (
    ConflictFound,
    DeviceLinked,
    DeviceRevoked,
    Effect,
    ErasureApplied,
    IdentityEvent,
    MergeApplied,
    UserErased,
    UserMerged,
    UserRegistered,
    WeeklyReportReady,
)
from shared.tokens import Principal

Told = TypeVar("Told")
CONNECTIONS = Gauge("ingest_hint_connections", "Open streams and sockets")
# A client that reads nothing keeps at most so many hints waiting; its slow poll finds the rest.
MAX_WAITING = 256
# Who joins finds the newest of what was told before.
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Hint:
    """`about` tells hints apart that replace each other."""

    type: str
    about: UUID | str
    data: Mapping[str, Any]

    def encoded(self) -> bytes:
        """As it goes over the wire."""
        return to_json({"type": self.type, "data": self.data})


TOKEN_EXPIRED = Hint("token_expired", "", {})


def events_available(device_id: UUID, last_sequence: int) -> Hint:
    """A device has events up to this number."""
    return Hint("events_available", device_id, {"device_id": device_id, "last_sequence": last_sequence})


@dataclass(eq=False, slots=True)
class Listener:
    """One stream or socket: the hints that wait for it, newest of each kind."""

    principal: Principal
    user_ids: set[UUID]
    waiting: dict[tuple[str, UUID | str], Hint] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def tell(self, hint: Hint) -> None:
        """Adds a hint, in the place of an older one about the same."""
        self.waiting.pop((hint.type, hint.about), None)
        self.waiting[hint.type, hint.about] = hint
        if len(self.waiting) > MAX_WAITING:
            del self.waiting[next(iter(self.waiting))]
        self.woken.set()

    def end(self) -> None:
        """Has the connection end, as its token does."""
        self.ended = True
        self.woken.set()

    async def told(self, seconds: float) -> AsyncIterator[list[Hint]]:
        """What it is told, or nothing every so many seconds; the last hint ever is `token_expired`."""
        last: list[Hint] = []
        while TOKEN_EXPIRED not in last:
            last = await self._next(seconds)
            yield last

    async def _next(self, seconds: float) -> list[Hint]:
        left = self.principal.expires_at - time.time()
        if not self.woken.is_set() and left > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), min(seconds, left))
        self.woken.clear()
        hints = list(self.waiting.values())
        self.waiting.clear()
        self.ended = self.ended or time.time() >= self.principal.expires_at
        return [*hints, TOKEN_EXPIRED] if self.ended else hints


class Hub:
    """All listeners of this process, by user."""

    def __init__(self) -> None:
        self._by_user: dict[UUID, set[Listener]] = defaultdict(set)
        self.listeners: set[Listener] = set()
        self._revoked: OrderedDict[UUID, datetime] = OrderedDict()
        self._erased: OrderedDict[UUID, None] = OrderedDict()

    def join(self, listener: Listener) -> None:
        """From now on the listener hears what concerns its users; of a revocation or an erasure also if that was told
        before."""
        self.listeners.add(listener)
        revoked_at = self._revoked.get(listener.principal.device_id)
        if was_revoked(listener.principal.issued_at, revoked_at) or listener.user_ids & self._erased.keys():
            listener.end()
        for user_id in listener.user_ids:
            self._by_user[user_id].add(listener)
        CONNECTIONS.set(len(self.listeners))

    def leave(self, listener: Listener) -> None:
        """Forgets the listener."""
        self.listeners.discard(listener)
        for user_id in listener.user_ids & self._by_user.keys():
            self._by_user[user_id].discard(listener)
            if not self._by_user[user_id]:
                del self._by_user[user_id]
        CONNECTIONS.set(len(self.listeners))

    def is_heard(self, user_id: UUID) -> bool:
        """Whether anyone listens for this user."""
        return user_id in self._by_user

    def tell(self, user_id: UUID, hint: Hint) -> None:
        """Tells every connection of the user."""
        for listener in self._by_user.get(user_id, ()):
            listener.tell(hint)

    def know(self, listener: Listener, user_ids: Iterable[UUID]) -> None:
        """The listener's user turned out to be these users too, unless it has left meanwhile."""
        if listener not in self.listeners:
            return
        for user_id in set(user_ids) - listener.user_ids:
            listener.user_ids.add(user_id)
            self._by_user[user_id].add(listener)

    def listeners_of(self, user_ids: Iterable[UUID]) -> set[Listener]:
        """Everyone who listens for one of these users."""
        return {listener for user_id in user_ids for listener in self._by_user.get(user_id, ())}

    def hear(self, said: IdentityEvent | Effect | WeeklyReportReady) -> None:
        """Passes on what the other services say."""
        match said:
            case WeeklyReportReady():
                self.tell(said.user_id, Hint("report_ready", said.week, {"week": said.week}))
            case MergeApplied():
                about = f"{said.merge_id} {said.service}"
                data = {"merge_id": said.merge_id, "service": said.service}
                self.tell(said.user_id, Hint("merge_applied", about, data))
            case ConflictFound():
                conflict = {"entity": said.entity, "entity_id": said.entity_id, "fields": said.fields}
                self.tell(said.user_id, Hint("conflict_found", said.entity_id, conflict))
            case UserMerged():
                both = (said.from_user_id, said.user_id)
                for listener in self.listeners_of(both):
                    self.know(listener, both)
            case DeviceRevoked():
                _keep(self._revoked, {said.device_id: said.occurred_at})
                for listener in self.listeners_of([said.user_id]):
                    if listener.principal.device_id == said.device_id:
                        listener.end()
            case UserErased():
                everyone = [said.user_id, *said.merged_user_ids]
                _keep(self._erased, dict.fromkeys(everyone))
                for listener in self.listeners_of(everyone):
                    listener.end()
            case UserRegistered() | DeviceLinked() | ErasureApplied():
                pass


def _keep(kept: OrderedDict[UUID, Told], told: Mapping[UUID, Told]) -> None:
    kept.update(told)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
