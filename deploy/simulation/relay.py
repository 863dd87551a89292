"""Kafka in memory, and the relay: each shard reads its rows in order, sends them, deletes them, and may die anywhere.

The order of its steps is that of `services.ingest.relay`; so are its two promises: one owner a shard, and a page is
deleted only when all of it was sent.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from deploy.simulation.chance import Chance
from deploy.simulation.event_store import Announced, EventStore
from services.ingest.store.events import slot_of
from shared.kafka import Record
from shared.topics import EVENTS

ROWS = 4


class Topic:
    """Partitions that keep each key's order. Records are never changed, but the topic may be lost as a whole.

    `sent` is all that ever came, for the oracle.
    """

    def __init__(self, partitions: int) -> None:
        self.partitions: list[list[Record]] = [[] for _ in range(partitions)]
        self.sent: list[bytes] = []

    def append(self, device_id: UUID, value: bytes) -> None:
        number = device_id.int % len(self.partitions)
        partition = self.partitions[number]
        self.sent.append(value)
        partition.append(Record(EVENTS, number, len(partition), str(device_id).encode(), value))

    def lose(self) -> None:
        for partition in self.partitions:
            partition.clear()


class Relay:
    """All shards; each is a generator between two of its steps."""

    def __init__(self, chance: Chance, topic: Topic, shards: int) -> None:
        self._chance, self._topic, self._count = chance, topic, shards
        self._shards: dict[int, Iterator[None]] = {}

    def step(self, store: EventStore) -> None:
        """One shard, at random, does its next step."""
        number = self._chance.between(0, self._count - 1)
        shard = self._shards.setdefault(number, self._publish(store, number))
        if next(shard, self) is self:
            del self._shards[number]

    def die(self) -> None:
        """Every owner is gone; what it was doing, the next one begins again."""
        self._shards.clear()

    def drain(self, store: EventStore) -> int:
        """Publishes all that waits; returns the number of rows."""
        waiting = len(store.outbox)
        while store.outbox:
            self.step(store)
        return waiting

    def _publish(self, store: EventStore, number: int) -> Iterator[None]:
        rows = [row for row in store.outbox if slot_of(row.device_id) % self._count == number][:ROWS]
        records = [(row.device_id, value) for row in rows for value in store.lines(*row[1:])]
        yield
        for partition in self._chance.shuffled(self._by_partition(records)):
            for device_id, value in partition:
                self._topic.append(device_id, value)
                if self._chance.happens(0.2):
                    yield
        yield
        self._delete(store, rows)

    def _by_partition(self, records: Sequence[tuple[UUID, bytes]]) -> list[list[tuple[UUID, bytes]]]:
        parts: list[list[tuple[UUID, bytes]]] = [[] for _ in self._topic.partitions]
        for device_id, value in records:
            parts[device_id.int % len(parts)].append((device_id, value))
        return parts

    def _delete(self, store: EventStore, rows: Sequence[Announced]) -> None:
        published = {row.place for row in rows}
        store.outbox[:] = [row for row in store.outbox if row.place not in published]
