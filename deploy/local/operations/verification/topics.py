"""The event topic against the event store: what may still be there must be there, in order, device by device."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import TypeAdapter, ValidationError

from deploy.local.operations.verification.findings import Check
from deploy.local.operations.verification.store import Store
from shared.topics import EVENTS, SEVEN_DAYS_MS

# Retention ends whole segments, so what is about to end may be gone already.
RETENTION = timedelta(milliseconds=SEVEN_DAYS_MS) - timedelta(hours=12)


@dataclass
class Published:
    """One device's records of this epoch. `early` says of events what they follow in place of the one before them.

    The first record of all may follow anything: retention has ended what was before it, or the topic was lost, and what
    came in since lies before what was published again.
    """

    last: int = 0
    early: dict[int, str] = field(default_factory=dict)
    events: dict[int, str] = field(default_factory=dict)
    repeated: int = 0

    def take(self, number: int, event_id: str, previous: int) -> None:
        """One more record; those that were there before are repetitions, which every reader drops. One that came early
        is made good by a repetition right after the one before it."""
        if number in self.events:
            self.repeated += 1
            if previous == self.last:
                self.early.pop(number, None)
        elif self.events and previous and previous not in self.events:
            self.early[number] = f"event {number} follows {self.last} on the topic, but {previous} comes before it"
        self.events.setdefault(number, event_id)
        self.last = number


@dataclass(frozen=True, slots=True)
class Place:
    """What of a record says where it belongs."""

    server_epoch: str
    device_id: UUID
    sequence_number: int
    event_id: str
    previous_sequence: int


_place = TypeAdapter(Place).validate_json


@dataclass
class Topic:
    """The records of the current epoch by device; what is no event is counted only, and other epochs do not matter."""

    devices: dict[UUID, Published] = field(default_factory=dict)
    unreadable: int = 0

    def take(self, value: bytes | None, epoch: str) -> None:
        """One more record. What is no event was not put there by the relay; each service keeps it as a dead letter."""
        try:
            place = _place(value or b"")
        except ValidationError:
            self.unreadable += 1
            return
        if place.server_epoch == epoch:
            device = self.devices.setdefault(place.device_id, Published())
            device.take(place.sequence_number, place.event_id, place.previous_sequence)

    @property
    def repeated(self) -> int:
        return sum(device.repeated for device in self.devices.values())


async def read_topic(bootstrap: str, epoch: UUID) -> Topic:
    """Everything that lies on the event topic now, partition by partition."""
    topic, wanted = Topic(), str(epoch)
    async for value in values(bootstrap, EVENTS):
        topic.take(value, wanted)
    return topic


async def values(bootstrap: str, name: str) -> AsyncIterator[bytes | None]:
    """The values of all records of a topic, from the first to the last that is there at the start."""
    parts = await partitions(bootstrap, name)
    if not parts:
        return
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(parts)
        begins, ends = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
        left = {part for part in parts if ends[part] > begins[part]}
        while left:
            fetched = await consumer.getmany(*left, timeout_ms=1_000, max_records=5_000)
            for part, records in fetched.items():
                for record in records:
                    if record.offset < ends[part]:
                        yield record.value
            left = {part for part in left if await consumer.position(part) < ends[part]}
    finally:
        await consumer.stop()


async def partitions(bootstrap: str, name: str) -> list[TopicPartition]:
    """The topic's partitions; none where it was deleted."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics([name])
    finally:
        await admin.close()
    return [TopicPartition(name, part["partition"]) for part in described[0]["partitions"]]


def check_topic(store: Store, topic: Topic, now: datetime | None = None) -> Check:
    """Every event of the store that retention cannot have ended, in order."""
    cutoff = (now or datetime.now(UTC)) - RETENTION
    found = sum(len(device.events) for device in topic.devices.values())
    return Check("event topic", found, "records", next(iter(topic_differences(store, topic, cutoff)), None))


def topic_differences(store: Store, topic: Topic, cutoff: datetime) -> Iterable[str]:
    """What is missing, strange, or out of order on the topic."""
    for device_id, chain in sorted(store.chains.items()):
        published = topic.devices.get(device_id, Published())
        for fault in published.early.values():
            yield f"device {device_id}: {fault}"
        for number, stored in chain.events.items():
            there = published.events.get(number)
            if there is None and stored.received_at > cutoff:
                yield f"device {device_id}: event {number} ({stored.event_id}) is not on the topic"
            elif there is not None and there != str(stored.event_id):
                yield f"device {device_id}: number {number} is {there} on the topic, {stored.event_id} in the store"
        extra = next((number for number in published.events if number <= chain.last and number not in chain.events), 0)
        if extra:
            yield f"device {device_id}: event {extra} is on the topic, but not in the store"
