"""The event store against itself: every head computed again from the events, and every chain walked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from deploy.local.operations.verification.findings import Check
from shared.digests import EMPTY, Digest, event_digest
from shared.envelope import AcceptedEvent, decode_accepted
from shared.feeds import Head, IngestFeed


@dataclass(frozen=True, slots=True)
class Stored:
    """What the other comparisons need of an event of the store."""

    event_id: UUID
    received_at: datetime


@dataclass
class Chain:
    """One device's events, walked in order. `fault` is the first place where the chain is broken."""

    last: int = 0
    digest: Digest = EMPTY
    fault: str | None = None
    events: dict[int, Stored] = field(default_factory=dict)

    def take(self, event: AcceptedEvent) -> None:
        """One more event of the device."""
        number = event.sequence_number
        if self.fault is None and (event.previous_sequence != self.last or number <= self.last):
            self.fault = f"event {number} says that {event.previous_sequence} came before it, but {self.last} did"
        self.last = number
        self.digest += event_digest(event.event_id, number)
        self.events[number] = Stored(event.event_id, event.received_at)


@dataclass
class Store:
    """The whole event store as it was read, with the heads that it claims."""

    epoch: UUID
    heads: Mapping[UUID, Head]
    chains: dict[UUID, Chain] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(chain.digest.count for chain in self.chains.values())


async def read_store(feed: IngestFeed, collect: "Collector | None" = None) -> Store:
    """Reads every event that the heads speak of; newer ones are left for the next time."""
    epoch, heads = await feed.heads()
    store = Store(epoch, heads)
    async for lines in feed.snapshot(0, 1):
        for event in map(decode_accepted, lines.splitlines()):
            head = heads.get(event.device_id)
            if head is not None and event.sequence_number <= head.last_accepted_sequence:
                store.chains.setdefault(event.device_id, Chain()).take(event)
                if collect is not None:
                    collect.take(event)
    return store


class Collector(Protocol):
    """Wants to see every event as well."""

    def take(self, event: AcceptedEvent) -> None:
        """Takes one event of the event store; those of a device come in order."""


def check_store(store: Store) -> Check:
    """Heads and chains."""
    return Check("event store", store.count, "events", next(iter(store_differences(store)), None))


def store_differences(store: Store) -> Iterable[str]:
    """Every device whose events are not what its head says. A device that was erased meanwhile has neither."""
    for device_id, head in sorted(store.heads.items()):
        chain = store.chains.get(device_id, Chain())
        if chain.fault:
            yield f"device {device_id}: {chain.fault}"
        elif (chain.last, chain.digest) != (head.last_accepted_sequence, head.digest):
            yield (
                f"device {device_id}: its events end at {chain.last} ({described(chain.digest)}), "
                f"its head says {head.last_accepted_sequence} ({described(head.digest)})"
            )


def described(digest: Digest) -> str:
    return f"{digest.count} events, {digest.hash[:12]}"
