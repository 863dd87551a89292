"""What coach hears: accepted events and identity events. Nothing here waits for a model."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from faststream.kafka import KafkaBroker

from services.coach.store import PASSING
from services.coach.store.identity import Identity
from services.coach.store.outbox import park
from shared.dead_letters import decoded
from shared.envelope import Link
from shared.feeds import IdentityFeed
from shared.following import Follower, decode_links, patiently
from shared.identity import IDENTITY_EVENT
from shared.kafka import Record, create_broker, has_partitions, one_by_one, subscribe
from shared.postgres import Pool
from shared.telemetry import log
from shared.topics import EVENTS, IDENTITY

GROUP = "coach"


@dataclass
class Consumers:
    """Follows both topics and heals what Kafka lost from the feeds of ingest and auth."""

    bootstrap_servers: str
    pool: Pool
    follower: Follower[Link]
    identity: Identity
    identity_feed: IdentityFeed
    compare_every: timedelta
    broker: KafkaBroker | None = field(default=None, init=False)

    async def ready(self) -> bool:
        """Whether both consumers are members of their groups."""
        subscribers = self.broker.subscribers if self.broker else []
        return bool(subscribers) and all(map(has_partitions, subscribers))  # type: ignore[arg-type]

    async def follow(self) -> None:
        """Consumes until cancelled. A broker that did not come up is thrown away."""
        broker = create_broker(self.bootstrap_servers)
        subscribe(broker, EVENTS, self.on_events, group=GROUP, max_records=5_000, unhurried=True)
        subscribe(broker, IDENTITY, self.on_identity, group=GROUP)
        try:
            await broker.start()
            self.broker = broker
            await asyncio.Event().wait()
        finally:
            self.broker = None
            async with asyncio.timeout(10):
                await broker.stop()

    async def compare(self) -> None:
        """Reads from auth and ingest whatever was missed, now and every few minutes."""
        while True:
            for event in await self.identity_feed.after(await self.identity.position()):
                await self.identity.apply(event)
                await self.identity.reached(event.number)
            await self.identity.settle()
            await self.follower.compare()
            await asyncio.sleep(self.compare_every.total_seconds())

    async def on_events(self, records: Sequence[Record]) -> None:
        """A batch of the event topic."""
        events, refused = decode_links(records)
        if events:
            await patiently(partial(self.follower.take, events), PASSING)
        for record, reason in refused:
            await patiently(partial(self._park, record, reason), PASSING)

    async def on_identity(self, records: Sequence[Record]) -> None:
        """A batch of the identity topic. The position moves only with the feed, which has no holes."""
        for record in one_by_one(records):
            events, refused = decoded([record], IDENTITY_EVENT.validate_json)
            for event in events:
                await patiently(partial(self.identity.apply, event), PASSING)
            for unreadable, reason in refused:
                await patiently(partial(self._park, unreadable, reason), PASSING)

    async def _park(self, record: Record, reason: str) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await park(connection, record, reason)
        log().warning("parked", topic=record.topic, partition=record.partition, offset=record.offset)
