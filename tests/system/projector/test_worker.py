"""Workers as processes on real Kafka: killed, rebalanced, late, and with holes in what they hear."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from deploy.local.ports import free_port
from services.projector.store import generations
from services.projector.store.batch import ProjectorStore, enter
from services.projector.store.refreshing import rewrite
from services.projector.views.rows import generation_of
from shared.digests import Digest, digest_of_events
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.identity import EFFECT, ErasureApplied, MergeApplied, UserErased, UserMerged
from shared.kafka import Outgoing, Publisher, Record, create_broker, partition_of, subscribe
from shared.migrations import migrate
from shared.postgres import connect
from shared.topics import EFFECTS, EVENTS, IDENTITY, partitions
from shared.views.whole import content_digest_of
from tests.eventually import eventually
from tests.histories import history, interleaved
from tests.system.engines import RealEngines, fresh_database
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import content_digest


@pytest.fixture(scope="module")
async def publisher(engines: RealEngines) -> AsyncIterator[Publisher]:
    opened = Publisher(engines.kafka_bootstrap)
    yield opened
    await opened.close()


class Workers:
    """Worker processes of one group."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.processes: list[Process] = []
        self.ports: list[int] = []

    async def start(self) -> Process:
        port = free_port()
        command = ["-m", "uvicorn", "services.projector.app:create_worker", "--factory", "--port", str(port)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "--no-access-log", env=self.environment
        )
        self.processes.append(process)
        self.ports.append(port)
        async with httpx2.AsyncClient() as client:
            await eventually(lambda: self._ready(client, port))
        return process

    async def _ready(self, client: httpx2.AsyncClient, port: int) -> bool:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200
        except httpx2.HTTPError:
            return False

    async def metric(self, name: str) -> float:
        """The sum of all workers' values of a metric."""
        async with httpx2.AsyncClient() as client:
            pages = [(await client.get(f"http://127.0.0.1:{port}/metrics")).text for port in self.ports]
        return sum(
            float(line.split()[1]) for page in pages for line in page.splitlines() if line.startswith(f"{name} ")
        )

    async def stop(self) -> None:
        running = [process for process in self.processes if process.returncode is None]
        for process in running:
            process.terminate()
        for process in running:
            await asyncio.wait_for(process.wait(), 15)


@pytest.fixture
async def workers(url: str, engines: RealEngines, event_store: EventStore) -> AsyncIterator[Workers]:
    started = Workers(
        {
            **os.environ,
            "DATABASE_URL_PROJECTOR": url,
            "KAFKA_BOOTSTRAP_SERVERS": engines.kafka_bootstrap,
            "INGEST_URL": event_store.url,
            "AUTH_URL": event_store.url,
            "SERVICE_TOKEN": "secret",
            "PROJECTOR_GROUP": f"test-{uuid4()}",
            "PROJECTOR_BATCH": "50",
        }
    )
    yield started
    await started.stop()


async def publish(publisher: Publisher, events: Sequence[AcceptedEvent]) -> None:
    records = [Outgoing(str(event.device_id).encode(), event.model_dump_json().encode()) for event in events]
    await publisher.publish(EVENTS, records)


def expected(events: Sequence[AcceptedEvent]) -> Digest:
    return content_digest_of(fold(event.recorded() for event in events))


def reads(store: ProjectorStore, user_id: UUID, digest: Digest) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await content_digest(store, user_id) == digest

    return check


async def test_killed_in_the_middle_of_batches_nothing_is_lost_or_doubled(
    store: ProjectorStore, event_store: EventStore, publisher: Publisher, workers: Workers
) -> None:
    people = [history(seed, events=400, devices=3) for seed in range(3)]
    mixed = interleaved((chain for person in people for chain in person.devices.values()), Random(1))
    event_store.accept(mixed)
    process = await workers.start()
    await publish(publisher, mixed[:700])
    for delay in (0.15, 0.4):
        await asyncio.sleep(delay)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        process = await workers.start()
    await publish(publisher, mixed[700:])

    for person in people:
        await eventually(reads(store, person.user_id, expected(person.received)))


async def test_several_workers_share_users_while_some_are_killed_leave_and_come(
    store: ProjectorStore, event_store: EventStore, publisher: Publisher, workers: Workers
) -> None:
    # given users whose devices lie on different partitions, so that several workers project for one user at a time
    people = [history(seed, events=400, devices=4) for seed in range(10, 13)]
    places = [
        {partition_of(str(device).encode(), partitions()[EVENTS]) for device in person.devices} for person in people
    ]
    assert all(len(found) > 1 for found in places)
    mixed = interleaved((chain for person in people for chain in person.devices.values()), Random(2))
    event_store.accept(mixed)
    first, second, _ = await workers.start(), await workers.start(), await workers.start()
    # when one is killed in the middle, another leaves and a new one comes
    await publish(publisher, mixed[:500])
    await asyncio.sleep(0.2)
    second.send_signal(signal.SIGKILL)
    await publish(publisher, mixed[500:800])
    await workers.start()
    first.terminate()
    await publish(publisher, mixed[800:])
    # then every user reads what the events say
    for person in people:
        await eventually(reads(store, person.user_id, expected(person.received)))


async def test_a_hole_is_healed_from_the_feed(
    store: ProjectorStore, event_store: EventStore, publisher: Publisher, workers: Workers
) -> None:
    # given a worker whose comparison with the heads at the start is over, so that only the hole itself tells
    await workers.start()

    async def has_compared() -> bool:
        return await workers.metric("consumer_heads_compared_timestamp_seconds") > 0

    await eventually(has_compared)
    person = history(20, events=120, devices=1)
    event_store.accept(person.received)
    # when Kafka brings the events with some missing
    await publish(publisher, [*person.received[:30], *person.received[70:]])
    # then all are read
    await eventually(reads(store, person.user_id, expected(person.received)))
    assert await workers.metric("consumer_holes_total") >= 1


async def test_what_kafka_lost_comes_with_the_comparison_at_the_start(
    store: ProjectorStore, event_store: EventStore, workers: Workers
) -> None:
    person = history(21, events=150, devices=2)
    event_store.accept(person.received)
    await workers.start()

    await eventually(reads(store, person.user_id, expected(person.received)))


async def test_merges_and_erasures_are_answered(
    store: ProjectorStore,
    event_store: EventStore,
    publisher: Publisher,
    workers: Workers,
    engines: RealEngines,
    pool: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    account, anonymous, leaving = (history(seed, events=80, devices=2) for seed in (30, 31, 32))
    events = [*account.received, *anonymous.received, *leaving.received]
    event_store.accept(events)
    now = account.received[0].received_at
    merge = UserMerged(
        number=1, occurred_at=now, user_id=account.user_id, merge_id=uuid4(), from_user_id=anonymous.user_id
    )
    erasure = UserErased(number=2, occurred_at=now, user_id=leaving.user_id, erasure_id=uuid4(), merged_user_ids=[])
    await workers.start()
    async with effects(engines) as said:
        await publish(publisher, events[:150])
        for event in (erasure, merge, merge):
            record = Outgoing(str(event.user_id).encode(), event.model_dump_json().encode())
            await publisher.publish(IDENTITY, [record])
        await publish(publisher, events[150:])

        async def answered() -> bool:
            merges = [one for one in said if isinstance(one, MergeApplied) and one.merge_id == merge.merge_id]
            erasures = [one for one in said if isinstance(one, ErasureApplied) and one.erasure_id == erasure.erasure_id]
            return len(merges) >= 2 and len(erasures) >= 1

        await eventually(answered)
    await eventually(reads(store, account.user_id, expected([*account.received, *anonymous.received])))
    async with store.transaction() as connection:
        for table in ("history", "sets_projection", "dead_letters"):
            assert await connection.fetch(f"SELECT FROM {table} WHERE user_id = $1", leaving.user_id) == []


@asynccontextmanager
async def effects(engines: RealEngines) -> AsyncIterator[list[object]]:
    """What the services say on the effects topic from now on."""
    said: list[object] = []

    async def hear(records: Sequence[Record]) -> None:
        said.extend(EFFECT.validate_json(record.value) for record in records)

    broker = create_broker(engines.kafka_bootstrap)
    subscribe(broker, EFFECTS, hear, group=f"test-{uuid4()}")
    await broker.start()
    try:
        yield said
    finally:
        await broker.stop()


async def test_what_a_killed_rebuild_has_left_goes_while_a_worker_runs(url: str, workers: Workers) -> None:
    workers.environment["PROJECTOR_COMPARE_SECONDS"] = "1"
    await workers.start()
    owner = await connect(url)
    async with owner.transaction():
        name = await generations.create(owner)

    async def gone() -> bool:
        return bool(await owner.fetchval("SELECT to_regnamespace($1) IS NULL", name))

    await eventually(gone)
    await owner.close()


async def test_a_worker_waits_until_its_database_is_migrated(
    engines: RealEngines, event_store: EventStore, workers: Workers
) -> None:
    async with fresh_database(engines, "projector", migrated=False) as url:
        workers.environment["DATABASE_URL_PROJECTOR"] = url
        starting = asyncio.create_task(workers.start())
        await asyncio.sleep(3)
        assert not starting.done()

        await migrate(url, "projector")
        await starting
        await workers.stop()


async def test_what_a_crash_of_the_database_took_back_is_read_again(
    store: ProjectorStore,
    pool: "asyncpg.Pool[asyncpg.Record]",
    url: str,
    event_store: EventStore,
    publisher: Publisher,
    workers: Workers,
) -> None:
    person = history(77, events=300, devices=1)
    events = person.received
    event_store.accept(events)
    await workers.start()
    await publish(publisher, events)
    await eventually(reads(store, person.user_id, expected(events)))

    await take_back(url, events[:200])
    await pool.expire_connections()

    await eventually(reads(store, person.user_id, expected(events)))


async def take_back(url: str, kept: Sequence[AcceptedEvent]) -> None:
    """Leaves the read store as a server does that crashed before it had written its last commits to disk."""
    device, digest = kept[0].device_id, digest_of_events((one.event_id, one.sequence_number) for one in kept)
    owner = await connect(url)
    try:
        async with owner.transaction():
            await enter(owner)
            await owner.execute(
                "DELETE FROM history WHERE own_device_id = $1 AND own_sequence > $2", device, kept[-1].sequence_number
            )
            await owner.execute(
                "UPDATE applied SET sequence = $2, count = $3, hash = $4 WHERE device_id = $1",
                device,
                kept[-1].sequence_number,
                digest.count,
                digest.hash,
            )
            rows = await owner.fetch("SELECT DISTINCT user_id FROM applied WHERE device_id = $1", device)
            for row in rows:
                await rewrite(owner, await generation_of(owner), row["user_id"])
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await owner.close()
