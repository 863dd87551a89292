"""ingest's database in memory: what one transaction of its real store writes, this writes in one call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from deploy.simulation.identities import Identities
from services.ingest.domain import (
    Decided,
    Device,
    Judgement,
    Reading,
    Reception,
    Refusal,
    SentEvent,
    decide,
)
from services.ingest.door import Draft
from services.ingest.reading import ReadRequest, as_sent, reading_of
from services.ingest.store.feeds import line
from shared.digests import EMPTY, Digest, event_digest
from shared.envelope import Origin
from shared.errors import WrongDevice
from shared.identity import server_device


class Stored(NamedTuple):
    event_id: UUID
    content: bytes
    record: str


class Quarantined(NamedTuple):
    event_id: UUID
    content: bytes
    refusal: Refusal
    user_id: UUID
    raw: bytes
    released: bool = False


@dataclass
class Row:
    """All that the store has of one device, by number."""

    user_id: UUID
    is_server: bool = False
    device: Device = field(default_factory=Device)
    events: dict[int, Stored] = field(default_factory=dict)
    refused: dict[int, Quarantined] = field(default_factory=dict)

    @property
    def head(self) -> int:
        """The last number that was accepted or released."""
        return max(self.device.last_accepted, *(number for number, one in self.refused.items() if one.released), 0)

    def decided(self) -> list[Decided]:
        events = [Decided(one.event_id, number, one.content) for number, one in self.events.items()]
        return events + [
            Decided(one.event_id, number, one.content, one.refusal) for number, one in self.refused.items()
        ]

    def copied(self) -> "Row":
        return replace(self, events=dict(self.events), refused=dict(self.refused))


class Announced(NamedTuple):
    """A row of the outbox."""

    place: int
    device_id: UUID
    first: int
    last: int


class Epoch(NamedTuple):
    """`heads` is what the restore that began it found."""

    epoch: UUID
    heads: Mapping[UUID, int]


@dataclass
class EventStore:
    """`unknown` are event types that this version of the server does not know yet."""

    epochs: list[Epoch]
    rows: dict[UUID, Row] = field(default_factory=dict)
    outbox: list[Announced] = field(default_factory=list)
    identities: Identities = field(default_factory=Identities)
    unknown: frozenset[str] = frozenset()
    _places: int = 0

    @property
    def epoch(self) -> UUID:
        return self.epochs[-1].epoch

    def copied(self) -> "EventStore":
        rows = {device_id: row.copied() for device_id, row in self.rows.items()}
        return replace(
            self, epochs=list(self.epochs), rows=rows, outbox=list(self.outbox), identities=self.identities.copied()
        )

    def receive(self, request: ReadRequest, user_id: UUID, now: datetime) -> Judgement:
        """Judges a delivery and stores what is to be stored. Raises WrongDevice."""
        row = self.rows.setdefault(request.device_id, Row(user_id))
        if row.is_server:
            raise WrongDevice("this device is the server's own")
        events = [event._replace(reading=self._reading(event.reading)) for event in request.events]
        judgement = decide(row.device, events, request.gaps, row.decided())
        if judgement.device != row.device:
            self._store(request.device_id, user_id, judgement, now, request.seen_devices)
            places = [events.index(event) for event, _ in judgement.rejected]
            raw = as_sent(request.body, set(places))
            for (event, refusal), place in zip(judgement.rejected, places, strict=True):
                kept = Quarantined(event.event_id, event.content, refusal, user_id, raw[place])
                row.refused[event.sequence_number] = kept
        return judgement

    def _reading(self, reading: Reading | Refusal) -> Reading | Refusal:
        if isinstance(reading, Reading) and reading.event_type in self.unknown:
            return Refusal("unknown_event_type", "event_type", f"unknown event type {reading.event_type!r}")
        return reading

    def _store(self, device_id: UUID, user_id: UUID, judgement: Judgement, now: datetime, seen: Iterable[UUID]) -> None:
        row = self.rows[device_id]
        heads = {device: self.rows[device].head for device in seen if device in self.rows}
        reception = Reception(device_id, user_id, now, heads)
        for (event, _), record in zip(judgement.accepted, reception.records(judgement.accepted), strict=True):
            row.events[event.sequence_number] = Stored(event.event_id, event.content, to_json(record).decode())
        row.device, row.user_id = judgement.device, user_id
        if judgement.accepted:
            self._announce(device_id, [event.sequence_number for event, _ in judgement.accepted])

    def _announce(self, device_id: UUID, numbers: Sequence[int]) -> None:
        self._places += 1
        self.outbox.append(Announced(self._places, device_id, numbers[0], numbers[-1]))

    def release(self, ids: Iterable[UUID], now: datetime) -> int:
        """Writes what this version can read now as the users' server devices; `ids` are new ids."""
        released, made = 0, iter(ids)
        for device_id, row in list(self.rows.items()):
            drafts: dict[UUID, list[Draft]] = {}
            for number, one in row.refused.items():
                reading = self._reading(reading_of(from_json(one.raw)))
                if one.released or isinstance(reading, Refusal):
                    continue
                origin = Origin(device_id=device_id, sequence_number=number)
                user_id = self.identities.root(one.user_id)
                drafts.setdefault(user_id, []).append(Draft(next(made), from_json(one.raw), reading, origin))
                row.refused[number] = one._replace(released=True)
                released += 1
            for user_id, found in drafts.items():
                self._write(user_id, found, now)
        return released

    def _write(self, user_id: UUID, drafts: Sequence[Draft], now: datetime) -> None:
        device_id = server_device(user_id, self.epoch)
        row = self.rows.setdefault(device_id, Row(user_id, is_server=True))
        events: list[SentEvent] = [draft.numbered(row.device.last_acked + 1 + at) for at, draft in enumerate(drafts)]
        seen = {device for draft in drafts for device in draft.reading.seen or ()}
        self._store(device_id, user_id, decide(row.device, events), now, seen)

    def begin_epoch(self, epoch: UUID) -> None:
        """After a restore: everything is published again under the new epoch, and identity is heard from its start."""
        heads = {device_id: row.device.last_accepted for device_id, row in self.rows.items() if row.events}
        self.epochs.append(Epoch(epoch, heads))
        self.identities.position = 0
        self.republish()

    def republish(self) -> None:
        for device_id, row in sorted(self.rows.items()):
            if row.events:
                self._announce(device_id, [min(row.events), max(row.events)])

    def lines(self, device_id: UUID, first: int, last: int) -> list[bytes]:
        """A device's records of the range under today's epoch, in order."""
        row = self.rows.get(device_id)
        numbers = sorted(number for number in row.events if first <= number <= last) if row else []
        return [line(self.epoch, row.events[number].record) for number in numbers] if row else []

    def moments(self) -> set[str]:
        """When what it holds had happened, refused events included."""
        records = [from_json(one.record) for row in self.rows.values() for one in row.events.values()]
        raws = [from_json(one.raw) for row in self.rows.values() for one in row.refused.values()]
        return {event["occurred_at"] for event in (*records, *raws)}

    def of_user(self, user_ids: Iterable[UUID]) -> dict[UUID, Row]:
        """The devices of these users and of all that were merged with them, by id."""
        everyone = self.identities.everyone(user_ids)
        return {device_id: row for device_id, row in sorted(self.rows.items()) if row.user_id in everyone}

    def range_digest(self, device_id: UUID, first: int, last: int) -> Digest:
        events = self.rows[device_id].events.items() if device_id in self.rows else ()
        found = (event_digest(one.event_id, number) for number, one in events if first <= number <= last)
        return sum(found, start=EMPTY)

    def cut(self, delivered: Mapping[UUID, int], epoch: UUID) -> dict[UUID, int]:
        """A pull vector of an older epoch, cut down to what every restore since then found."""
        epochs = [one.epoch for one in self.epochs]
        if epoch not in epochs:
            return {}
        later = self.epochs[epochs.index(epoch) + 1 :]
        least = {device: min(one.heads.get(device, 0) for one in later) for device in delivered}
        return {device: min(number, least[device]) for device, number in delivered.items()}
