"""The relay (law 3): publishes what the event store holds; each shard has one owner at a time and keeps its order."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import asyncpg
from prometheus_client import Counter, Gauge

from services.ingest.store.outbox import Outbox, Page, backlog, prepare, shards_with_work, try_to_own
from shared.kafka import Publisher, PublishFailed
from shared.postgres import Connection, connect
from shared.telemetry import log
from shared.topics import EVENTS

PUBLISHED = Counter("ingest_relay_published_total", "Events published")
FAILURES = Counter("ingest_relay_failures_total", "Faults after which a shard read its rows again")
OLDEST = Gauge("ingest_relay_oldest_unpublished_seconds", "How long the oldest unpublished batch has waited")
BACKLOG = Gauge("ingest_relay_unpublished_batches", "Batches that wait to be published")

TAKEOVER_SECONDS = 0.5
# Pages begin at least so far apart, and a shard rests for twice as long as its last page took: the heavier the load,
# the more batches a page carries, and an idle shard loses no time.
PACE_SECONDS = 0.02
FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, PublishFailed)


class Shard:
    """One shard of the relay: waits for its lock, then publishes until the lock's connection or the process ends."""

    def __init__(self, number: int, shards: int, *, url: str, kafka: str, page: int, timeout: float) -> None:
        self.number = number
        self.shards = shards
        self.bell = asyncio.Event()
        self.idle = False
        # Whether this process has the shard, and whether anyone is known to have it.
        self.owner = False
        self.owned = False
        self._url = url
        self._page = page
        self._publisher = Publisher(kafka, timeout=timedelta(seconds=timeout))

    async def run(self) -> None:
        """Owns, publishes, and starts again after every fault; ends by being cancelled."""
        pause = 0.05
        try:
            while True:
                try:
                    async with asyncio.TaskGroup() as tasks:
                        await self._own(tasks)
                except* FAULTS as faults:
                    FAILURES.inc()
                    log().warning("relay_shard_failed", shard=self.number, error=repr(faults.exceptions[0]))
                    pause = min(pause * 2, 2.0)
                else:
                    pause = 0.05
                await asyncio.sleep(pause)
        finally:
            await self._publisher.close()

    async def _own(self, tasks: asyncio.TaskGroup) -> None:
        connection = await connect(self._url, role="ingest_worker", statement_timeout_ms=30_000)
        try:
            await prepare(connection)
            await self._locked(connection)
            publishing = tasks.create_task(self._publish_all(connection))
            connection.add_termination_listener(lambda *_: publishing.cancel())
            await asyncio.wait([publishing])
        finally:
            self.owner = self.owned = False
            connection.terminate()

    async def _locked(self, connection: Connection) -> None:
        while not await try_to_own(connection, self.number):
            self.owned = True
            await asyncio.sleep(TAKEOVER_SECONDS)
        self.owner = self.owned = True
        log().info("relay_shard_owned", shard=self.number)

    async def _publish_all(self, connection: Connection) -> None:
        outbox = Outbox(connection, self.number, self.shards)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            page = await outbox.page(self._page)
            if page is None:
                await self._wait()
                continue
            await self._publish(outbox, page)
            if len(page.records) < self._page:
                took = loop.time() - began
                await asyncio.sleep(max(PACE_SECONDS - took, 2 * took))

    async def _publish(self, outbox: Outbox, page: Page) -> None:
        OLDEST.set(max(0.0, (datetime.now(UTC) - page.oldest).total_seconds()))
        await self._publisher.publish(EVENTS, page.records)
        await outbox.delete(page)
        PUBLISHED.inc(len(page.records))

    async def _wait(self) -> None:
        """Until the doorbell rings; a bell that was missed costs a second."""
        self.idle = True
        try:
            await asyncio.wait_for(self.bell.wait(), 1)
        except TimeoutError:
            pass
        finally:
            self.idle = False
            self.bell.clear()


class Doorbell:
    """Looks for new rows on behalf of all idle shards: often while there is work, rarely when there is none."""

    SHORTEST, LONGEST = 0.01, 0.1

    def __init__(self, url: str, shards: Mapping[int, Shard]) -> None:
        self._url = url
        self._shards = shards

    async def run(self) -> None:
        """Rings until it is cancelled."""
        while True:
            try:
                await self._ring()
            except FAULTS as error:
                log().warning("doorbell_failed", error=repr(error))
                await asyncio.sleep(0.5)

    async def _ring(self) -> None:
        connection = await connect(self._url, role="ingest_worker", statement_timeout_ms=5_000)
        pause, counted = self.SHORTEST, 0.0
        try:
            while True:
                await asyncio.sleep(pause)
                counted -= pause
                if counted <= 0:
                    counted = 1.0
                    await self._measure(connection)
                pause = self.SHORTEST if await self._look(connection) else min(pause * 1.1, self.LONGEST)
        finally:
            connection.terminate()

    async def _look(self, connection: Connection) -> bool:
        mine = [shard for shard in self._shards.values() if shard.owner]
        idle = [shard for shard in mine if shard.idle]
        if not idle:
            return bool(mine)
        waiting = await shards_with_work(connection, len(self._shards))
        for shard in idle:
            if shard.number in waiting:
                shard.bell.set()
        return bool(waiting)

    async def _measure(self, connection: Connection) -> None:
        batches, age = await backlog(connection)
        BACKLOG.set(batches)
        OLDEST.set(age)


class Relay:
    """All shards in this process; which of them it owns is between it and its peers."""

    def __init__(self, *, url: str, kafka: str, shards: int, page: int, timeout: float) -> None:
        self.shards = {
            number: Shard(number, shards, url=url, kafka=kafka, page=page, timeout=timeout) for number in range(shards)
        }
        self._doorbell = Doorbell(url, self.shards)

    async def run(self) -> None:
        """Runs until it is cancelled; what was being published is published again by the next owner."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._doorbell.run())
            for shard in self.shards.values():
                tasks.create_task(shard.run())

    @property
    def every_shard_is_owned(self) -> bool:
        """By this process or, as far as it could see, by another."""
        return all(shard.owned for shard in self.shards.values())
