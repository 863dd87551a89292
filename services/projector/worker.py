"""The worker: consumers, and the loops that compare with ingest's heads and read auth's identity log."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import LogicSubscriber

from services.projector.consumers import PASSING, Consumers, waiting_out
from services.projector.rebuild.start import Rebuilding
from services.projector.settings import Settings
from services.projector.store import effects, generations, identity
from services.projector.store.batch import ProjectorStore
from services.projector.store.loading import abandon_unfinished
from shared.clients import service_client
from shared.feeds import IdentityFeed, IngestFeed
from shared.following import Follower, patiently
from shared.identity import IdentityEvent
from shared.kafka import Publisher, create_broker, has_partitions, subscribe
from shared.outbox import publish_for_ever
from shared.postgres import Connection, Pool, connect, create_pool
from shared.telemetry import log
from shared.topics import EVENTS, IDENTITY

STOP_SECONDS = 8
REBUILD_PAUSE_SECONDS = 5
LONGEST_REBUILD_PAUSE_SECONDS = 600
RESTART_PAUSE_SECONDS = 3
WATCH_SECONDS = 5
AFTER_FAULT_SECONDS = 5
LOST_AFTER_SECONDS = 120


class ConsumersLost(Exception):
    """The consumers are no members of their groups any more."""


class Worker:
    """One process's share of the projection. It starts while everything else may still be coming up."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._subscribers: list[LogicSubscriber[Any]] = []
        self._doubts: list[asyncio.Event] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Works in the background until it is left; the stop is bounded."""
        task = asyncio.create_task(self._forever(), name="projector-worker")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task}, timeout=STOP_SECONDS)

    async def _forever(self) -> None:
        """Begins anew after a fault that nobody foresaw; until then the worker is not ready."""
        while True:
            try:
                await self._work()
            except Exception as error:
                log().error("projector_worker_failed", exc_info=error)
            await asyncio.sleep(RESTART_PAUSE_SECONDS)

    async def _work(self) -> None:
        self._doubts.clear()
        async with AsyncExitStack() as stack:
            pool = await patiently(self._prepared, (*PASSING, asyncpg.PostgresError))
            stack.push_async_callback(_bounded, pool.close)
            rebuilding = Rebuilding()
            stack.push_async_callback(rebuilding.stop)
            await self._until_writable(pool, rebuilding)
            ingest = await stack.enter_async_context(service_client(self._settings.ingest_url, self._settings))
            auth = await stack.enter_async_context(service_client(self._settings.auth_url, self._settings))
            publisher = Publisher(self._settings.kafka_bootstrap_servers)
            stack.push_async_callback(publisher.close)
            store = ProjectorStore(pool, tell=effects.tell)
            follower = Follower(store, IngestFeed(ingest))
            quick = ProjectorStore(pool, tell=effects.tell, parks=False)
            consumers = Consumers(store, quick, follower)
            broker = await self._started(consumers)
            stack.push_async_callback(_bounded, broker.stop)
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._watch())
                loops.create_task(publish_for_ever(pool, publisher, PASSING))
                loops.create_task(self._repeat(follower.compare))
                loops.create_task(self._repeat(lambda: self._heal_identity(store, consumers, IdentityFeed(auth))))
                loops.create_task(self._repeat(self._tidy))

    async def _prepared(self) -> Pool:
        """A pool to a database in which a generation is live."""
        async with self._owner() as owner:
            await generations.ensure_live(owner)
            await abandon_unfinished(owner)
        return await create_pool(
            self._settings.database_url_projector,
            role="projector_worker",
            max_size=self._settings.projector_pool,
            clean=False,
            on_lost=self._doubt,
        )

    async def _tidy(self) -> None:
        """What a rebuild that was killed has left holds rows of users who may be erased meanwhile."""
        async with self._owner() as owner:
            await abandon_unfinished(owner)

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[Connection]:
        """A connection of the role that owns the tables."""
        owner = await connect(self._settings.database_url_projector)
        try:
            yield owner
        finally:
            await owner.close()

    def _doubt(self) -> None:
        """A database that went away may have forgotten the newest batches: everything is compared again soon."""
        for doubt in self._doubts:
            doubt.set()

    async def _until_writable(self, pool: Pool, rebuilding: Rebuilding) -> None:
        """After an upgrade that changes views: rebuilds, and waits where the tables are others; reads go on.

        Another worker may be rebuilding already, whose lock makes this one's rebuild give way. One that stops, as at an
        event that cannot be applied, would stop there again: the pauses grow.
        """

        async def look() -> generations.Fitness:
            async with pool.acquire() as connection:
                return await generations.fitness(connection)

        found, pause = await waiting_out(look), REBUILD_PAUSE_SECONDS
        while not found.current:
            log().warning("live_generation_is_of_another_version", writable=found.writable)
            await rebuilding.start(None)
            if found.writable:
                return
            await asyncio.sleep(pause)
            if rebuilding.succeeded is False:
                pause = min(2 * pause, LONGEST_REBUILD_PAUSE_SECONDS)
            found = await waiting_out(look)

    async def _started(self, consumers: Consumers) -> KafkaBroker:
        async def start() -> KafkaBroker:
            broker = create_broker(self._settings.kafka_bootstrap_servers)
            group = self._settings.projector_group
            size = self._settings.projector_batch
            self._subscribers = [
                *(
                    subscribe(broker, EVENTS, consumers.on_events, group=group, max_records=size)
                    for _ in range(self._settings.projector_consumers)
                ),
                subscribe(broker, IDENTITY, consumers.on_identity, group=f"{group}-identity"),
            ]
            try:
                await broker.start()
            except BaseException:
                await _bounded(broker.stop)
                raise
            return broker

        return await waiting_out(start)

    async def _repeat(self, work: Callable[[], Awaitable[object]]) -> None:
        """Every few minutes, soon after a fault that nobody foresaw, and whenever there is reason to doubt."""
        doubt = asyncio.Event()
        self._doubts.append(doubt)
        while True:
            doubt.clear()
            pause = self._settings.projector_compare_seconds
            try:
                await waiting_out(work)
            except Exception as error:
                log().error("projector_loop_failed", exc_info=error)
                pause = min(pause, AFTER_FAULT_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(doubt.wait(), pause)

    async def _watch(self) -> None:
        """Has everything begin anew when consumers have been without their group for long.

        Raises:
            ConsumersLost
        """
        last = time.monotonic()
        while time.monotonic() - last < LOST_AFTER_SECONDS:
            if await self.has_partitions():
                last = time.monotonic()
            await asyncio.sleep(WATCH_SECONDS)
        raise ConsumersLost

    async def _heal_identity(self, store: ProjectorStore, consumers: Consumers, feed: IdentityFeed) -> None:
        """Hears from auth's log what Kafka has not brought yet, and tries again to move what merges had to leave."""

        async def unheard() -> list[IdentityEvent]:
            async with store.transaction() as connection:
                position = await identity.position(connection)
            return await feed.after(position)

        for event in await waiting_out(unheard):
            await consumers.hear(event)
        await consumers.settle()

    async def has_partitions(self) -> bool:
        """Whether all consumers are members of their groups."""
        return bool(self._subscribers) and all(has_partitions(one) for one in self._subscribers)


async def _bounded(stop: Callable[[], Awaitable[object]]) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS / 2):
            await stop()
    except TimeoutError:
        log().warning("stop_took_too_long", what=repr(stop))
