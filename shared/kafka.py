"""Kafka as this system uses it: at-least-once batches of raw records in, acknowledged and ordered publishing out."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage
from faststream.kafka.subscriber.usecase import LogicSubscriber

from shared.telemetry import correlation_id, log

CORRELATION = "correlation_id"
# aiokafka packs lz4 at its slowest level, which takes ten times as long and holds up everything else in the process.
COMPRESSION = "snappy"
UNHURRIED_BYTES = 262_144
IDLE_MS = 1_000
GATHER_SECONDS = 1.0
LONGEST_REST_SECONDS = 0.5
TRACEPARENT = "traceparent"
LONGEST_HEADER = 1_000  # bytes, of what is read


# Kafka knows headers without a value.
Headers = tuple[tuple[str, bytes | None], ...]


class Record(NamedTuple):
    """One record as it lies on the topic."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers = ()

    def header(self, name: str) -> str:
        """A header's text, as any store takes it: of bounded length, and without NUL. Empty where it is absent."""
        found = next((value for key, value in self.headers if key == name), None)
        return (found or b"")[:LONGEST_HEADER].decode("utf-8", "replace").replace("\0", "")


def one_by_one(records: Iterable[Record]) -> Iterator[Record]:
    """The records, each under its correlation id: what is logged, said and published because of it bears that, too."""
    for record in records:
        correlation_id.set(record.header(CORRELATION))
        yield record
    correlation_id.set("")


Handler = Callable[[Sequence[Record]], Awaitable[None]]


async def _decode(message: KafkaMessage) -> Sequence[Record]:
    raw: Any = message.raw_message
    return [Record(r.topic, r.partition, r.offset, r.key or b"", r.value or b"", r.headers) for r in raw]


def create_broker(bootstrap_servers: str) -> KafkaBroker:
    """A broker for consumers: topics are never made by accident, and handlers get what the decoder returns."""
    return KafkaBroker(
        bootstrap_servers,
        allow_auto_create_topics=False,
        apply_types=False,
        enable_idempotence=True,
        graceful_timeout=10,
        logger=None,
    )


def subscribe(
    broker: KafkaBroker,
    topic: str,
    handler: Handler,
    *,
    group: str,
    from_latest: bool = False,
    max_records: int = 500,
    unhurried: bool = False,
) -> LogicSubscriber[Any]:
    """Batches of raw records to `handler`, whose return commits their offsets; when it raises they come again.

    `unhurried` is for stores in which nobody waits for the newest event: records are gathered for up to half a second,
    and from batch to batch for a second, which saves the broker, the database and this process most of the work of many
    small batches. After each it rests for as long as that took, so that a backlog leaves the database to those for whom
    somebody waits.
    A redelivery has no delay of its own, so a handler waits out passing faults itself (`shared.following.patiently`).
    """

    async def parse(raw: "tuple[ConsumerRecord[Any, Any], ...]") -> KafkaMessage:
        # The stock parser decodes all headers as UTF-8: one bad header would stop its partition for ever.
        consumer: Any = subscriber.consumer
        return KafkaAckableMessage(raw_message=raw, body=b"", consumer=consumer)

    began, count = 0.0, 0

    async def wait(consumer: "AIOKafkaConsumer") -> "tuple[ConsumerRecord[Any, Any], ...]":
        nonlocal began, count
        if unhurried and count:
            await asyncio.sleep(rest_after(time.monotonic() - began, backlog=count == max_records))
        # The stock one sleeps again after each empty answer: fifty wakings a second, and records that wait meanwhile.
        parts = await consumer.getmany(timeout_ms=IDLE_MS, max_records=max_records)
        began, count = time.monotonic(), sum(map(len, parts.values()))
        return tuple(chain.from_iterable(parts.values()))

    subscriber: LogicSubscriber[Any] = broker.subscriber(
        topic,
        batch=True,
        group_id=group,
        fetch_min_bytes=UNHURRIED_BYTES if unhurried else 1,
        fetch_max_wait_ms=500,
        auto_offset_reset="latest" if from_latest else "earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=2_000,
        max_poll_interval_ms=300_000,
        parser=parse,
        decoder=_decode,
    )
    subscriber.get_msg = wait  # type: ignore[method-assign]
    subscriber(handler)
    return subscriber


def rest_after(took: float, *, backlog: bool) -> float:
    """For how many seconds an unhurried consumer leaves its topic alone after a batch."""
    return max(min(took, LONGEST_REST_SECONDS), 0.0 if backlog else GATHER_SECONDS - took)


def has_partitions(subscriber: LogicSubscriber[Any]) -> bool:
    """Whether the subscriber's consumer is a member of its group with an assignment (perhaps an empty one).

    More members than partitions is normal, so an empty assignment after a finished rebalance counts.
    """
    consumer = subscriber.consumer
    if consumer is None or not subscriber.running:
        return False
    coordinator: Any = consumer._coordinator
    return bool(consumer.assignment()) or getattr(coordinator, "generation", -1) > 0


class PublishFailed(Exception):
    """At least one record was not acknowledged in time: read what is unpublished again and send it in order."""


class Outgoing(NamedTuple):
    """A record to publish."""

    key: bytes
    value: bytes
    headers: Headers = ()


def trace_headers(correlation: str | None, traceparent: str | None = None) -> Headers:
    """Where a record comes from, as far as that is known."""
    pairs = ((CORRELATION, correlation), (TRACEPARENT, traceparent))
    return tuple((name, value.encode()) for name, value in pairs if value)


class Publisher:
    """An idempotent producer that is thrown away at the first error: a stuck one never recovers by itself."""

    def __init__(self, bootstrap_servers: str, *, timeout: timedelta = timedelta(seconds=10)) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._timeout = timeout.total_seconds()
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, topic: str, records: Iterable[Outgoing]) -> None:
        """Publishes in order and returns when every record is acknowledged by the broker.

        Raises:
            PublishFailed: when one was not; some may be on the topic all the same.
        """
        try:
            async with asyncio.timeout(self._timeout):
                producer = await self._started()
                await asyncio.gather(*await _send(producer, topic, records))
        except Exception as error:
            await self.close()
            raise PublishFailed(f"{topic}: {error!r}") from error

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                self._producer = await self._start()
            return self._producer

    async def _start(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            enable_idempotence=True,
            acks="all",
            compression_type=COMPRESSION,
            linger_ms=0,
            max_batch_size=262_144,
            request_timeout_ms=int(self._timeout * 1000),
        )
        try:
            await producer.start()
        except BaseException:
            await _bounded_stop(producer)
            raise
        return producer

    async def close(self) -> None:
        """Forgets the producer. Bounded: with the broker gone a stop may hang."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _bounded_stop(producer)


async def _send(
    producer: AIOKafkaProducer, topic: str, records: Iterable[Outgoing]
) -> "list[asyncio.Future[RecordMetadata]]":
    """Hands all records to the producer, in order within each partition: whole batches at a fifth of the cost of one
    record after the other. Each future is a batch's acknowledgement."""
    count = len(await producer.partitions_for(topic))
    parts: defaultdict[int, list[Outgoing]] = defaultdict(list)
    for record in records:
        parts[partition_of(record.key, count)].append(record)
    return [
        await producer.send_batch(batch, topic, partition=partition)
        for partition, found in parts.items()
        for batch in _batches(producer, found)
    ]


def _batches(producer: AIOKafkaProducer, records: Iterable[Outgoing]) -> Iterator[BatchBuilder]:
    """The records in batches as large as the producer takes; a batch always takes its first record."""
    batch = producer.create_batch()
    for record in records:
        if not _fits(batch, record):
            yield batch
            batch = producer.create_batch()
            _fits(batch, record)
    yield batch


def _fits(batch: BatchBuilder, record: Outgoing) -> bool:
    taken = batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
    return taken is not None


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Where every Kafka client puts a key. Kept, because the hash is slow in Python and a device sends many events."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


async def _bounded_stop(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(2):
            await producer.stop()
    except Exception as error:
        log().warning("producer_stop_failed", error=repr(error))
