"""How a consumer stays equal to the event store: duplicates, holes and heads (law 2)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from uuid import UUID

import httpx2
from prometheus_client import Counter, Gauge
from pydantic import ValidationError

from shared.digests import EMPTY, Digest, event_digest
from shared.envelope import AcceptedEvent, decode_accepted
from shared.feeds import Head, IngestFeed
from shared.kafka import Record
from shared.telemetry import log

DUPLICATES = Counter("consumer_duplicates_total", "Events that were applied before")
HOLES = Counter("consumer_holes_total", "Holes in a device's chain that were healed from the feed")
MISSING = Counter("consumer_missing_total", "Events of a hole that the feed no longer has")
STALE_EPOCH = Counter("consumer_stale_epoch_total", "Records of an epoch that is over")
REFOLDED = Counter("consumer_refolded_total", "Devices folded again because they differed from the heads at rest")
APPLIED_EVENTS = Counter("consumer_applied_total", "Events applied")
LAST_COMPARED = Gauge("consumer_heads_compared_timestamp_seconds", "When the applied vector last equalled the heads")

Result = TypeVar("Result")

# A device whose head and position both stand still for this long is at rest.
AT_REST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Applied:
    """What a read store has of one device: the last sequence and the digest of everything applied, parked included."""

    sequence: int = 0
    digest: Digest = EMPTY

    def plus(self, event: AcceptedEvent) -> "Applied":
        """After one more event of the chain."""
        return Applied(event.sequence_number, self.digest + event_digest(event.event_id, event.sequence_number))


NOTHING_APPLIED = Applied()


@dataclass(frozen=True)
class Plan:
    """What of a batch is next in its device's chain, and from where on a device's chain is broken."""

    fresh: tuple[AcceptedEvent, ...] = ()
    applied: Mapping[UUID, Applied] = field(default_factory=dict)
    duplicates: int = 0
    holes: Mapping[UUID, tuple[int, int]] = field(default_factory=dict)


def plan(applied: Mapping[UUID, Applied], events: Iterable[AcceptedEvent]) -> Plan:
    """Judges events in the given order. `holes` are ranges of sequences to read from the feed, both ends included."""
    now = dict(applied)
    fresh: list[AcceptedEvent] = []
    holes: dict[UUID, tuple[int, int]] = {}
    duplicates = 0
    for event in events:
        device, at = event.device_id, now.get(event.device_id, NOTHING_APPLIED)
        if event.sequence_number <= at.sequence:
            duplicates += 1
        elif event.previous_sequence == at.sequence and device not in holes:
            fresh.append(event)
            now[device] = at.plus(event)
        else:
            first, last = holes.get(device, (at.sequence + 1, 0))
            holes[device] = (first, max(last, event.sequence_number))
    return Plan(tuple(fresh), now, duplicates, holes)


class Batch(Protocol):
    """One transaction of a read store in which the applied rows of its devices are locked."""

    applied: Mapping[UUID, Applied]

    async def fold(self, events: Sequence[AcceptedEvent]) -> None:
        """Takes the events into the views; one that cannot be applied is parked. Taking one again changes nothing."""

    async def save(self, applied: Mapping[UUID, Applied]) -> None:
        """Writes the new positions of devices."""


class ReadStore(Protocol):
    """What a consumer's store offers to its follower."""

    def batch(self, devices: Collection[UUID]) -> AbstractAsyncContextManager[Batch]:
        """Opens a transaction and locks the applied rows of the devices in sorted order, making what is missing."""

    async def all_applied(self) -> Mapping[UUID, Applied]:
        """The applied vector."""

    async def forget(self, device_ids: Collection[UUID]) -> None:
        """Drops everything of devices of which the event store has nothing, or something else."""


async def _at_rest() -> None:
    await asyncio.sleep(AT_REST_SECONDS)


@dataclass
class Follower:
    """Applies batches of the event topic to a read store, and heals it from ingest's feed.

    `rest` waits between the two looks after which a difference counts as one at rest.
    """

    store: ReadStore
    feed: IngestFeed
    epoch: UUID | None = None
    rest: Callable[[], Awaitable[None]] = _at_rest

    async def take(self, events: Sequence[AcceptedEvent]) -> int:
        """Applies a batch and heals the holes it shows; returns how many events were new to the store."""
        current = await self._of_this_epoch(events)
        if not current:
            return 0
        async with self.store.batch({event.device_id for event in current}) as batch:
            planned = plan(batch.applied, current)
            await self._write(batch, planned)
        healed = [await self._heal(device, *hole) for device, hole in planned.holes.items()]
        return len(planned.fresh) + sum(healed)

    async def _write(self, batch: Batch, planned: Plan) -> None:
        DUPLICATES.inc(planned.duplicates)
        if planned.fresh:
            await batch.fold(planned.fresh)
            touched = {event.device_id for event in planned.fresh}
            await batch.save({device: planned.applied[device] for device in touched})
            APPLIED_EVENTS.inc(len(planned.fresh))

    async def _of_this_epoch(self, events: Sequence[AcceptedEvent]) -> list[AcceptedEvent]:
        if any(event.server_epoch != self.epoch for event in events):
            self.epoch, _ = await self.feed.head(events[0].device_id)
        current = [event for event in events if event.server_epoch == self.epoch]
        STALE_EPOCH.inc(len(events) - len(current))
        return current

    async def _heal(self, device_id: UUID, first: int, last: int) -> int:
        """Reads a range from the feed and applies it in order. What the feed no longer has is skipped and counted."""
        HOLES.inc()
        log().warning("healing_hole", device_id=str(device_id), first=first, last=last)
        applied = 0
        async for page in pages(self.feed.events(device_id, first, last)):
            async with self.store.batch({device_id}) as batch:
                planned = plan(batch.applied, _relinked(page, batch.applied.get(device_id, NOTHING_APPLIED)))
                await self._write(batch, planned)
                applied += len(planned.fresh)
        return applied

    async def compare(self) -> list[UUID]:
        """Compares the applied vector with ingest's heads and folds again what differs at rest, which it returns."""
        self.epoch, heads = await self.feed.heads()
        applied = await self.store.all_applied()
        suspects = _different(applied, heads)
        if suspects:
            await self.rest()
            (self.epoch, heads_later), applied_later = await self.feed.heads(), await self.store.all_applied()
            suspects = {
                device
                for device in suspects & _different(applied_later, heads_later)
                if heads.get(device) == heads_later.get(device) and applied.get(device) == applied_later.get(device)
            }
            heads, applied = heads_later, applied_later
        unknown = suspects - heads.keys()
        if unknown:
            await self.store.forget(unknown)
        for device in sorted(suspects & heads.keys()):
            await self._make_equal(heads[device], applied.get(device, NOTHING_APPLIED))
        LAST_COMPARED.set_to_current_time()
        return sorted(suspects)

    async def _make_equal(self, head: Head, at: Applied) -> None:
        """Reads on where the store has a beginning of what the feed has; else it forgets the device and starts anew."""
        if await self._is_beginning(head.device_id, at):
            await self._heal(head.device_id, at.sequence + 1, head.last_accepted_sequence)
        else:
            await self.store.forget({head.device_id})
            await self._refold(head)

    async def _is_beginning(self, device_id: UUID, at: Applied) -> bool:
        found = NOTHING_APPLIED
        async for event in self.feed.events(device_id, 1, at.sequence):
            found = found.plus(event)
        return found == at

    async def _refold(self, head: Head) -> None:
        """Takes the device's whole history again; the fold does not mind, and the position is counted anew."""
        REFOLDED.inc()
        log().warning("refolding_device", device_id=str(head.device_id), head=head.last_accepted_sequence)
        at = NOTHING_APPLIED
        async for page in pages(self.feed.events(head.device_id, 1, head.last_accepted_sequence)):
            async with self.store.batch({head.device_id}) as batch:
                await batch.fold(page)
                for event in page:
                    at = at.plus(event)
                if at.sequence == head.last_accepted_sequence:
                    await batch.save({head.device_id: at})


def _different(applied: Mapping[UUID, Applied], heads: Mapping[UUID, Head]) -> set[UUID]:
    behind = {
        device
        for device, head in heads.items()
        if applied.get(device, NOTHING_APPLIED) != Applied(head.last_accepted_sequence, head.digest)
    }
    return behind | {device for device, at in applied.items() if device not in heads and at != NOTHING_APPLIED}


def _relinked(page: Sequence[AcceptedEvent], at: Applied) -> Iterable[AcceptedEvent]:
    """The page as one chain: where the feed has lost events, the next one it has follows directly."""
    previous = at.sequence
    for event in page:
        if event.sequence_number <= previous:
            yield event
            continue
        if event.previous_sequence != previous:
            MISSING.inc()
            event = event.model_copy(update={"previous_sequence": previous})
        yield event
        previous = event.sequence_number


async def pages(events: AsyncIterator[AcceptedEvent], size: int = 500) -> AsyncIterator[list[AcceptedEvent]]:
    """A stream of events in lists, each from one transaction's worth."""
    page: list[AcceptedEvent] = []
    async for event in events:
        page.append(event)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


def decode_batch(records: Sequence[Record]) -> tuple[list[AcceptedEvent], list[tuple[Record, str]]]:
    """The accepted events of a batch, and the records that are none with the reason."""
    events: list[AcceptedEvent] = []
    refused: list[tuple[Record, str]] = []
    for record in records:
        try:
            events.append(decode_accepted(record.value))
        except ValidationError as error:
            refused.append((record, str(error)))
    return events, refused


PASSING_FAULTS: tuple[type[Exception], ...] = (OSError, TimeoutError, httpx2.HTTPError)


async def patiently(
    attempt: Callable[[], Awaitable[Result]], passing: tuple[type[Exception], ...] = PASSING_FAULTS
) -> Result:
    """Tries until it works, with growing pauses up to 5 s: Kafka redelivers at once, so the waiting happens here.

    Raises:
        Exception: whatever is not a passing fault.
    """
    pause = 0.05
    while True:
        try:
            return await attempt()
        except passing as error:
            log().warning("waiting_for_dependency", error=repr(error), pause_s=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)
