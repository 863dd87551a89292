"""The one way into the event store: look, decide, store; again where another request of the device was faster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.ingest.domain import (
    Decided,
    Device,
    Gap,
    Judgement,
    Reading,
    Reception,
    Refusal,
    SentEvent,
    decide,
)
from services.ingest.reading import as_sent, content_of
from services.ingest.store.epochs import server_epoch
from services.ingest.store.events import Acceptance, DeviceNow, EventStore, Question, Trace
from shared.envelope import Origin
from shared.errors import DeviceRevoked, Unavailable, UserErased, WrongDevice
from shared.identity import server_device
from shared.postgres import Connection

ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one device of one user brings. `user_ids` are all ids of the sender, `issued_at` is the time of its token;
    `seen` the devices its events name; `body` the request as it came."""

    device_id: UUID
    user_id: UUID
    user_ids: frozenset[UUID]
    issued_at: float
    events: Sequence[SentEvent] = ()
    gaps: Sequence[Gap] = ()
    seen: frozenset[UUID] = frozenset()
    body: bytes = b""

    @property
    def question(self) -> Question:
        """What has to be known before it can be judged."""
        return Question(self.device_id, self.user_ids, self.seen, self.issued_at)

    def only_adds_to(self, device: Device) -> bool:
        """Whether it brings nothing but good events with the next numbers."""
        follows = [*range(device.last_acked + 1, device.last_acked + 1 + len(self.events))]
        good = not any(isinstance(event.reading, Refusal) for event in self.events)
        return good and sorted(event.sequence_number for event in self.events) == follows

    def as_sent(self, rejected: Sequence[tuple[SentEvent, Refusal]]) -> list[bytes]:
        """The bytes of these events in the body of the request."""
        places = [self.events.index(event) for event, _ in rejected]
        found = as_sent(self.body, set(places))
        return [found[at] for at in places]


async def receive(connection: Connection, delivery: Delivery, now: datetime, trace: Trace) -> tuple[UUID, Judgement]:
    """Judges a delivery and stores what is to be stored; returns the server epoch and the judgement.

    Raises:
        UserErased, DeviceRevoked, WrongDevice, Unavailable
    """
    store = EventStore(connection)
    look_up = False
    for _ in range(ATTEMPTS):
        now_known = (await store.look([delivery.question]))[delivery.device_id]
        _check(now_known)
        device = now_known.device
        if device is None:
            await store.meet(delivery.device_id, delivery.user_id)
            continue
        decided = await _decided(store, delivery, device, now_known.has_quarantine or look_up)
        judgement = decide(device, delivery.events, delivery.gaps, decided)
        reception = Reception(delivery.device_id, delivery.user_id, now, now_known.heads)
        try:
            if await _store(connection, delivery, Acceptance(device, judgement, reception, trace)):
                return now_known.server_epoch, judgement
        except asyncpg.UniqueViolationError:
            look_up = True
    raise Unavailable("too many requests of this device at once")


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that the server writes: it still lacks its number. A released one has the `origin` it stands for."""

    event_id: UUID
    raw: Mapping[str, Any]
    reading: Reading
    origin: Origin | None = None

    def numbered(self, number: int) -> SentEvent:
        """The draft as the event with this number."""
        return SentEvent(self.event_id, number, content_of(self.raw), self.reading, self.origin)


async def write(
    connection: Connection, user_id: UUID, drafts: Sequence[Draft], now: datetime, trace: Trace
) -> tuple[UUID, list[int]]:
    """Writes events as the user's server device (law 7); returns the device and their numbers.

    Raises:
        UserErased, Unavailable
    """
    store = EventStore(connection)
    seen = {device for draft in drafts for device in draft.reading.seen or ()}
    device_id = server_device(user_id, await server_epoch(connection))
    for _ in range(ATTEMPTS):
        known = (await store.look([Question(device_id, [user_id], seen)]))[device_id]
        if known.sender_erased:
            raise UserErased("this user was erased")
        if known.device is None:
            await store.meet(device_id, user_id, is_server=True)
            continue
        first = known.device.last_acked + 1
        judgement = decide(known.device, [draft.numbered(first + at) for at, draft in enumerate(drafts)])
        reception = Reception(device_id, user_id, now, known.heads)
        if await store.accept([Acceptance(known.device, judgement, reception, trace)]):
            return device_id, [event.sequence_number for event, _ in judgement.accepted]
    raise Unavailable("too many requests of this device at once")


async def write_once(
    connection: Connection, user_id: UUID, draft: Draft, now: datetime, trace: Trace
) -> tuple[UUID, int]:
    """The same for one event. Where it was written before, it is left at that, whatever it says now.

    Raises:
        UserErased, Unavailable
    """
    try:
        device_id, numbers = await write(connection, user_id, [draft], now, trace)
    except asyncpg.UniqueViolationError:
        store = EventStore(connection)
        device_id = server_device(user_id, await server_epoch(connection))
        numbers = [known.sequence_number for known in await store.decided(device_id, [], [draft.event_id])]
    return device_id, numbers[0]


def _check(known: DeviceNow) -> None:
    if known.sender_erased:
        raise UserErased("this user was erased")
    if known.sender_revoked:
        raise DeviceRevoked("this device was revoked: log in again")
    if known.is_server:
        raise WrongDevice("this device is the server's own")


async def _decided(store: EventStore, delivery: Delivery, device: Device, always: bool) -> list[Decided]:
    """New numbers of a device without refused events need no look: the unique keys tell when that was wrong."""
    if delivery.only_adds_to(device) and not always:
        return []
    numbers = [event.sequence_number for event in delivery.events]
    return await store.decided(delivery.device_id, numbers, [event.event_id for event in delivery.events])


async def _store(connection: Connection, delivery: Delivery, acceptance: Acceptance) -> bool:
    judgement, reception = acceptance.judgement, acceptance.reception
    if judgement.device == acceptance.before:
        return True
    store = EventStore(connection)
    if not (judgement.rejected or judgement.closed):
        return bool(await store.accept([acceptance]))
    async with connection.transaction():
        if not await store.accept([acceptance]):
            return False
        await store.quarantine(judgement, reception, delivery.as_sent(judgement.rejected))
        await store.close(delivery.device_id, judgement, reception.received_at)
    return True
