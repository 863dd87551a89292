"""How a consumer stays equal to the event store: duplicates, holes and heads (law 2)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import httpx2
import typing_extensions
from prometheus_client import Counter, Gauge

from shared.dead_letters import Refused, decoded
from shared.digests import EMPTY, Digest, digest_of_events
from shared.envelope import AcceptedEvent, Chained, Link, decode_accepted, decode_link
from shared.feeds import Event, Head, IngestFeed
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
Item = TypeVar("Item")
Folded = typing_extensions.TypeVar("Folded", bound=Chained, contravariant=True, default=AcceptedEvent)

# A device whose head and position both stand still for this long is at rest.
AT_REST_SECONDS = 1.0
# Of devices with long histories no more at once than a statement may take the time for.
FORGOTTEN_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Applied:
    """What a read store has of one device: the last sequence and the digest of everything applied, parked included."""

    sequence: int = 0
    digest: Digest = EMPTY

    def plus(self, events: Sequence[Chained]) -> "Applied":
        """After the next events of the chain."""
        digest = digest_of_events((event.event_id, event.sequence_number) for event in events)
        return Applied(events[-1].sequence_number, self.digest + digest) if events else self


NOTHING_APPLIED = Applied()


@dataclass(frozen=True)
class Plan(Generic[Event]):
    """What of a batch is next in its device's chain, device by device, and from where on a chain is broken.

    `missing` counts the places in which the chain goes on without what the feed no longer has.
    """

    fresh: tuple[Event, ...] = ()
    applied: Mapping[UUID, Applied] = field(default_factory=dict)
    duplicates: int = 0
    holes: Mapping[UUID, tuple[int, int]] = field(default_factory=dict)
    missing: int = 0


def plan(applied: Mapping[UUID, Applied], events: Iterable[Event], *, from_feed: bool = False) -> Plan[Event]:
    """Judges each device's events in the given order. `holes` are ranges of sequences to read from the feed, both ends
    included. Events that come `from_feed` leave none: the next one that it has follows directly.
    """
    now = dict(applied)
    fresh: list[Event] = []
    holes: dict[UUID, tuple[int, int]] = {}
    duplicates = missing = 0
    for device, chain in by_device(events).items():
        at = now.get(device, NOTHING_APPLIED)
        last, follow, broken = at.sequence, [], 0
        for event in chain:
            number, linked = event.sequence_number, event.previous_sequence == last
            if number <= last:
                duplicates += 1
            elif from_feed or (linked and not broken):
                missing += not linked
                follow.append(event)
                last = number
            else:
                broken = max(broken, number)
        if broken:
            holes[device] = (last + 1, broken)
        if follow:
            fresh += follow
            now[device] = at.plus(follow)
    return Plan(tuple(fresh), now, duplicates, holes, missing)


def by_device(events: Iterable[Event]) -> Mapping[UUID, Sequence[Event]]:
    """Each device's events, in the given order."""
    found: defaultdict[UUID, list[Event]] = defaultdict(list)
    for event in events:
        found[event.device_id].append(event)
    return found


class Batch(Protocol[Folded]):
    """One transaction of a read store in which the applied rows of its devices are locked."""

    applied: Mapping[UUID, Applied]

    async def fold(self, events: Sequence[Folded]) -> None:
        """Takes the events into the views; one that cannot be applied is parked. Taking one again changes nothing."""

    async def save(self, applied: Mapping[UUID, Applied]) -> None:
        """Writes the new positions of devices."""


class ReadStore(Protocol[Folded]):
    """What a consumer's store offers to its follower."""

    def batch(self, devices: Collection[UUID]) -> AbstractAsyncContextManager[Batch[Folded]]:
        """Opens a transaction and locks the applied rows of the devices in sorted order, making what is missing."""

    async def all_applied(self) -> Mapping[UUID, Applied]:
        """The applied vector."""

    async def forget(self, device_ids: Collection[UUID]) -> None:
        """Drops everything of devices of which the event store has nothing, or something else."""


async def _at_rest() -> None:
    await asyncio.sleep(AT_REST_SECONDS)


@dataclass
class Follower(Generic[Event]):
    """Applies batches of the event topic to a read store, and heals it from ingest's feed.

    `rest` waits between the two looks after which a difference counts as one at rest.
    """

    store: ReadStore[Event]
    feed: IngestFeed[Event]
    epoch: UUID | None = None
    rest: Callable[[], Awaitable[None]] = _at_rest

    async def take(self, events: Sequence[Event], store: ReadStore[Event] | None = None) -> int:
        """Applies a batch and heals the holes it shows; returns how many events were new to the store.

        `store` takes the batch itself in the place of the follower's own: one that fails where that one parks.
        """
        current = await self._of_this_epoch(events)
        if not current:
            return 0
        async with (store or self.store).batch({event.device_id for event in current}) as batch:
            planned = plan(batch.applied, current)
            await self._write(batch, planned)
        _count(planned)
        healed = [await self._heal(device, *hole) for device, hole in planned.holes.items()]
        return len(planned.fresh) + sum(healed)

    async def _write(self, batch: Batch[Event], planned: Plan[Event]) -> None:
        if planned.fresh:
            await batch.fold(planned.fresh)
            await batch.save({device: at for device, at in planned.applied.items() if at != batch.applied.get(device)})

    async def _of_this_epoch(self, events: Sequence[Event]) -> Sequence[Event]:
        epochs = {event.server_epoch for event in events}
        if epochs - {self.epoch}:
            self.epoch, _ = await self.feed.head(events[0].device_id)
        if epochs <= {self.epoch}:
            return events
        current = [event for event in events if event.server_epoch == self.epoch]
        STALE_EPOCH.inc(len(events) - len(current))
        return current

    async def _heal(self, device_id: UUID, first: int, last: int) -> int:
        """Reads what a store lacks; returns how many events were new to it."""
        HOLES.inc()
        log().warning("healing_hole", device_id=str(device_id), first=first, last=last)
        return await self._read_on(device_id, first, last)

    async def _read_on(self, device_id: UUID, first: int, last: int) -> int:
        """Reads a range from the feed and applies it in order. What the feed no longer has is skipped and counted.

        Each page is judged by the position as it is by then, and moves it: others may apply events of the device, or
        forget them, from page to page.
        """
        applied = 0
        async for page in pages(self.feed.events(device_id, first, last)):
            async with self.store.batch({device_id}) as batch:
                planned = plan(batch.applied, page, from_feed=True)
                await self._write(batch, planned)
            _count(planned)
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
        for some in batched(sorted(suspects - heads.keys()), FORGOTTEN_AT_ONCE):
            await self.store.forget(some)
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
        async for page in pages(self.feed.events(device_id, 1, at.sequence)):
            found = found.plus(page)
        return found == at

    async def _refold(self, head: Head) -> None:
        """Takes the whole history of a device that was forgotten."""
        REFOLDED.inc()
        log().warning("refolding_device", device_id=str(head.device_id), head=head.last_accepted_sequence)
        await self._read_on(head.device_id, 1, head.last_accepted_sequence)


def _count(committed: Plan[Event]) -> None:
    DUPLICATES.inc(committed.duplicates)
    MISSING.inc(committed.missing)
    APPLIED_EVENTS.inc(len(committed.fresh))


def _different(applied: Mapping[UUID, Applied], heads: Mapping[UUID, Head]) -> set[UUID]:
    behind = {
        device
        for device, head in heads.items()
        if applied.get(device, NOTHING_APPLIED) != Applied(head.last_accepted_sequence, head.digest)
    }
    return behind | {device for device, at in applied.items() if device not in heads and at != NOTHING_APPLIED}


async def pages(events: AsyncIterator[Event], size: int = 500) -> AsyncIterator[list[Event]]:
    """A stream of events in lists, each from one transaction's worth."""
    page: list[Event] = []
    async for event in events:
        page.append(event)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in their order, at most so many at once."""
    return (items[start : start + size] for start in range(0, len(items), size))


def decode_batch(records: Sequence[Record]) -> tuple[list[AcceptedEvent], Refused]:
    """The accepted events of a batch, and the records that are none with the reason."""
    return decoded(records, decode_accepted)


def decode_links(records: Sequence[Record]) -> tuple[list[Link], Refused]:
    """The same for readers who need little of an event."""
    return decoded(records, decode_link)


FEED_FAULTS: tuple[type[Exception], ...] = (OSError, TimeoutError, httpx2.HTTPError)


async def patiently(
    attempt: Callable[[], Awaitable[Result]], passing: tuple[type[Exception], ...] = FEED_FAULTS
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
