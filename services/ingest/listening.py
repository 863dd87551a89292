"""What each HTTP process hears from Kafka for its live connections: everything, from now on, in no group."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from pydantic import ValidationError
from pydantic_core import from_json

from services.ingest.hints import Hub, events_available
from services.ingest.store.users import Users
from shared.database import Database
from shared.errors import Unavailable
from shared.identity import EFFECT, IDENTITY_EVENT, Effect, IdentityEvent, MergeApplied, WeeklyReportReady
from shared.telemetry import log
from shared.topics import COACH, EFFECTS, EVENTS, IDENTITY

# How long Kafka is still listened to after the last connection went.
LINGER_SECONDS = 30
OWNERS = 50_000

_SAID: Mapping[str, Callable[[bytes], IdentityEvent | Effect | WeeklyReportReady]] = {
    IDENTITY: IDENTITY_EVENT.validate_json,
    EFFECTS: EFFECT.validate_json,
    COACH: WeeklyReportReady.model_validate_json,
}


class Ears:
    """Reads the topics while anyone is connected, and passes on what concerns them."""

    def __init__(self, hub: Hub, database: Database, kafka: str) -> None:
        self._hub = hub
        self._database = database
        self._kafka = kafka
        self._owners: dict[bytes, UUID] = {}
        self._wanted = asyncio.Event()
        self._wanted_at = float("-inf")
        self._open = asyncio.Event()

    async def opened(self, seconds: float = 2) -> None:
        """Waits until what happens from now on is heard; not for long, since Kafka may be away."""
        self._wanted_at = time.monotonic()
        self._wanted.set()
        try:
            await asyncio.wait_for(self._open.wait(), seconds)
        except TimeoutError:
            log().warning("hints_without_kafka")

    async def listen(self) -> None:
        """Listens until cancelled.

        Raises:
            aiokafka.errors.KafkaError: when Kafka is away; the caller starts it again.
        """
        while True:
            while not self._needed:
                self._wanted.clear()
                await self._wanted.wait()
            consumer = AIOKafkaConsumer(
                EVENTS,
                *_SAID,
                bootstrap_servers=self._kafka,
                group_id=None,
                auto_offset_reset="latest",
                fetch_max_wait_ms=200,
            )
            try:
                await self._follow(consumer)
            finally:
                self._open.clear()
                async with asyncio.timeout(3):
                    await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        await consumer.start()
        for partition in consumer.assignment():
            await consumer.position(partition)
        self._open.set()
        while self._needed:
            batches = await consumer.getmany(timeout_ms=1_000, max_records=2_000)
            for partition, records in batches.items():
                await self._take(partition.topic, records)

    @property
    def _needed(self) -> bool:
        return bool(self._hub.listeners) or time.monotonic() - self._wanted_at < LINGER_SECONDS

    async def _take(self, topic: str, records: Iterable["ConsumerRecord[Any, Any]"]) -> None:
        if topic == EVENTS:
            latest = {record.key: record.value for record in records}
            for key, value in latest.items():
                self._events(key, value)
            return
        for record in records:
            try:
                said = _SAID[topic](record.value)
            except ValidationError:
                continue  # not for us: whoever owns the topic's meaning buries it
            self._hub.hear(said)
            if isinstance(said, MergeApplied):
                await self._resolve(said.user_id)

    def _events(self, key: bytes, value: bytes) -> None:
        owner = self._owners.get(key)
        if owner is not None and not self._hub.is_heard(owner):
            return
        try:
            event = from_json(value)
            owner, device_id = UUID(event["user_id"]), UUID(event["device_id"])
            hint = events_available(device_id, event["sequence_number"])
        except (ValueError, KeyError, TypeError):
            return  # no accepted event: the consumers that need it bury it
        if len(self._owners) >= OWNERS:
            self._owners.clear()
        self._owners[key] = owner
        self._hub.tell(owner, hint)

    async def _resolve(self, user_id: UUID) -> None:
        """After a merge a connection may belong to more users than the event named: whole chains of them."""
        listeners = self._hub.listeners_of([user_id])
        if not listeners:
            return
        try:
            async with self._database.acquire() as connection:
                everyone = await Users(connection).everyone([user_id])
        except Unavailable:
            return  # the user's own ids are known from the event
        for listener in listeners:
            self._hub.know(listener, everyone)
