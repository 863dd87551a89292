"""The worker: publishes identity events, follows events and effects, sends mails and tidies up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from faststream.kafka import KafkaBroker

from services.auth.consumers import EffectsConsumer, EventsConsumer, compare_for_ever
from services.auth.housekeeping import prune, send_mails
from services.auth.letters import mailer
from services.auth.relay import Relay
from services.auth.settings import Settings
from services.auth.store import answers
from services.auth.store.activity import ActivityStore
from shared.clients import service_client
from shared.envelope import Link, decode_link
from shared.feeds import IngestFeed
from shared.following import Follower
from shared.kafka import Publisher, create_broker, has_partitions, subscribe
from shared.loops import Loop, running
from shared.postgres import Pool, close_pool, create_pool
from shared.topics import EFFECTS, EVENTS

STOP_SECONDS = 8


class Worker:
    """The parts of the process. Each waits for what it needs and starts again after a fault."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._publisher = Publisher(settings.kafka_bootstrap_servers)
        self._relay = Relay(settings, Publisher(settings.kafka_bootstrap_servers))
        self._broker: KafkaBroker | None = None
        self._pool: Pool | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Works beside the body, and stops in bounded time."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            url, size = settings.database_url_auth, settings.auth_pool
            self._pool = pool = await create_pool(url, min_size=0, max_size=size, clean=False)
            stack.push_async_callback(close_pool, pool)
            stack.push_async_callback(self._publisher.close)
            ingest = await stack.enter_async_context(service_client(settings.ingest_url, settings))
            follower = Follower(ActivityStore(pool), IngestFeed(ingest, decode_link))
            loops: dict[str, Loop] = {
                "relay": self._relay.run,
                "consumers": partial(self._consume, follower, pool),
                "compare": partial(compare_for_ever, follower, pool, settings.auth_compare_seconds),
                "mails": partial(send_mails, pool, mailer(settings)),
                "prune": partial(prune, url, settings.refresh_idle),
            }
            async with running(loops):
                yield

    async def _consume(self, follower: Follower[Link], pool: Pool) -> None:
        """Until cancelled. A broker that did not come up is thrown away."""
        group, broker = self._settings.auth_group, create_broker(self._settings.kafka_bootstrap_servers)
        events, effects = EventsConsumer(follower, self._publisher), EffectsConsumer(pool, self._publisher)
        subscribe(broker, EVENTS, events.handle, group=f"{group}.activity", max_records=5_000, unhurried=True)
        subscribe(broker, EFFECTS, effects.handle, group=f"{group}.effects")
        try:
            await broker.start()
            self._broker = broker
            await asyncio.Event().wait()
        finally:
            self._broker = None
            async with asyncio.timeout(STOP_SECONDS):
                await broker.stop()

    async def has_database(self) -> bool:
        if self._pool is None:
            return False
        async with self._pool.acquire(timeout=3) as connection:
            return await answers(connection)

    async def has_partitions(self) -> bool:
        """Whether both consumers are members of their groups."""
        subscribers = self._broker.subscribers if self._broker else []
        return bool(subscribers) and all(map(has_partitions, subscribers))  # type: ignore[arg-type]  # all are Kafka's

    async def publishes(self) -> bool:
        """Whether this process relays, or lets another one that holds the lock."""
        return self._relay.stands
