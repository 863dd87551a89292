"""The verdicts of the sync protocol: pure rules over what was sent, what the store has, and nothing else."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from shared.digests import EMPTY, Digest, digest_of_events
from shared.envelope import Origin
from shared.values import format_moment


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event can never be accepted as it is. `field` names the place in the event."""

    code: str
    field: str | None
    message: str


class Reading(NamedTuple):
    """An event that this version of the software has found good: its envelope, and the payload as it was sent."""

    event_type: str
    schema_version: int
    payload: Mapping[str, Any]
    occurred_at: datetime | None = None
    correlation_id: UUID | None = None
    seen: Mapping[UUID, int] | None = None


class SentEvent(NamedTuple):
    """One event of a request. `content` identifies what was sent; `reading` is what this version makes of it."""

    event_id: UUID
    sequence_number: int
    content: bytes
    reading: Reading | Refusal
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers, both ends included, that the device will never send."""

    first: int
    last: int


class Decided(NamedTuple):
    """A number with a final verdict from before; `refusal` where it lies in quarantine."""

    event_id: UUID
    sequence_number: int
    content: bytes
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A device's cursor: every number up to `last_acked` has its verdict. `digest` is that of all accepted events."""

    last_acked: int = 0
    last_accepted: int = 0
    digest: Digest = EMPTY


class Accepted(NamedTuple):
    """`previous_sequence` is the accepted number before this one, 0 for the first."""

    previous_sequence: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same event was accepted before."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good: it goes to quarantine and the cursor moves past it."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class RejectedBefore:
    """The same event lies in quarantine already: the same verdict."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class OutOfOrder:
    """Numbers before this one are missing: send from `expected`."""

    expected: int


@dataclass(frozen=True, slots=True)
class Forked:
    """This device is a clone or a restored backup: it contradicts what its twin sent."""

    message: str


Verdict = Accepted | Duplicate | Rejected | RejectedBefore | OutOfOrder | Forked


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts in sequence order, the gaps that were closed, and the device afterwards."""

    device: Device
    verdicts: Sequence[tuple[SentEvent, Verdict]] = ()
    closed: Sequence[Gap] = ()

    @property
    def accepted(self) -> list[tuple[SentEvent, Accepted]]:
        """What goes to the event store."""
        return [(event, verdict) for event, verdict in self.verdicts if isinstance(verdict, Accepted)]

    @property
    def rejected(self) -> list[tuple[SentEvent, Refusal]]:
        """What goes to quarantine."""
        return [(event, verdict.refusal) for event, verdict in self.verdicts if isinstance(verdict, Rejected)]


def decide(
    device: Device, events: Iterable[SentEvent], gaps: Iterable[Gap] = (), decided: Iterable[Decided] = ()
) -> Judgement:
    """Judges a request in sequence order.

    `decided` is what the store has of the numbers and ids of the request; a number up to the cursor that is not
    among it was declared a gap.
    """
    court = _Court(device, decided)
    declared = deque(sorted(gaps, key=_first))
    verdicts: list[tuple[SentEvent, Verdict]] = []
    for event in sorted(events, key=_number):
        while declared and declared[0].first <= event.sequence_number:
            court.close(declared.popleft())
        verdicts.append((event, court.judge(event)))
    for gap in declared:
        court.close(gap)
    return Judgement(court.device(), verdicts, court.closed)


_first, _number = attrgetter("first"), attrgetter("sequence_number")


class _Court:
    def __init__(self, device: Device, decided: Iterable[Decided]) -> None:
        self.acked = device.last_acked
        self.accepted = device.last_accepted
        self.digest = device.digest
        self.taken: list[tuple[UUID, int]] = []
        self.closed: list[Gap] = []
        self.fork: Forked | None = None
        self.by_number: dict[int, Decided] = {}
        # By the ids as numbers: an id's own hash is computed in Python.
        self.by_id: dict[int, Decided] = {}
        for known in decided:
            self._remember(known)

    def device(self) -> Device:
        return Device(self.acked, self.accepted, self.digest + digest_of_events(self.taken))

    def close(self, gap: Gap) -> None:
        if self.fork is None and gap.first <= self.acked + 1 <= gap.last:
            self.closed.append(Gap(self.acked + 1, gap.last))
            self.acked = gap.last

    def judge(self, event: SentEvent) -> Verdict:
        number = event.sequence_number
        known, same_id = self.by_number.get(number), self.by_id.get(event.event_id.int)
        if known is not None and known is same_id and known.content == event.content:
            return RejectedBefore(known.refusal) if known.refusal else Duplicate()
        if self.fork is None:
            self.fork = self._contradiction(event, known, same_id)
        if self.fork is not None:
            return self.fork
        if number != self.acked + 1:
            return OutOfOrder(self.acked + 1)
        return self._first_verdict(event)

    def _contradiction(self, event: SentEvent, known: Decided | None, same_id: Decided | None) -> Forked | None:
        number = event.sequence_number
        if known is not None:
            return Forked(f"number {number} of this device is taken by another event")
        if same_id is not None:
            return Forked(f"this event id is taken by number {same_id.sequence_number} of this device")
        if number <= self.acked:
            return Forked(f"number {number} of this device was declared a gap")
        return None

    def _first_verdict(self, event: SentEvent) -> Accepted | Rejected:
        self.acked = event.sequence_number
        if isinstance(event.reading, Refusal):
            self._remember(Decided(event.event_id, event.sequence_number, event.content, event.reading))
            return Rejected(event.reading)
        self._remember(Decided(event.event_id, event.sequence_number, event.content))
        verdict = Accepted(self.accepted)
        self.accepted = event.sequence_number
        self.taken.append((event.event_id, event.sequence_number))
        return verdict

    def _remember(self, decided: Decided) -> None:
        self.by_number[decided.sequence_number] = decided
        self.by_id[decided.event_id.int] = decided


@dataclass(frozen=True, slots=True)
class Reception:
    """Who sent an event and when it came. `heads` is the last number of every device that was accepted or released."""

    device_id: UUID
    user_id: UUID
    received_at: datetime
    heads: Mapping[UUID, int] = field(default_factory=dict)

    def records(self, accepted: Iterable[tuple[SentEvent, Accepted]]) -> Iterator[dict[str, Any]]:
        """The accepted events as they are stored and published, but for the server epoch, which readers add."""
        received_at = format_moment(self.received_at)
        return (self._record(event, verdict, received_at) for event, verdict in accepted)

    def _record(self, event: SentEvent, accepted: Accepted, received_at: str) -> dict[str, Any]:
        reading = event.reading
        assert isinstance(reading, Reading)
        record = {
            "event_id": event.event_id,
            "event_type": reading.event_type,
            "schema_version": reading.schema_version,
            "payload": reading.payload,
            "device_id": self.device_id,
            "sequence_number": event.sequence_number,
            "occurred_at": format_moment(reading.occurred_at) if reading.occurred_at else received_at,
            "user_id": self.user_id,
            "previous_sequence": accepted.previous_sequence,
            "received_at": received_at,
        }
        if reading.correlation_id is not None:
            record["correlation_id"] = reading.correlation_id
        if reading.seen:
            record["seen"] = self._cut(reading.seen, accepted.previous_sequence, event.origin)
        if event.origin is not None:
            record["origin"] = event.origin
        return record

    def _cut(self, seen: Mapping[UUID, int], previous_sequence: int, origin: Origin | None) -> dict[UUID, int]:
        """`seen` may only point at events that were there before (law 5), and never at the event itself."""
        heads = {**self.heads, self.device_id: previous_sequence}
        if origin is not None:
            heads[origin.device_id] = min(heads.get(origin.device_id, 0), origin.sequence_number - 1)
        cut = {device: min(number, heads.get(device, 0)) for device, number in seen.items()}
        return {device: number for device, number in cut.items() if number > 0}


def was_revoked(issued_at: float | None, revoked_at: datetime | None) -> bool:
    """Whether auth issued the token before it revoked the device: one of later says that it is welcome again, also
    where nobody has heard that yet. Tokens tell whole seconds."""
    return issued_at is not None and revoked_at is not None and issued_at < int(revoked_at.timestamp())
