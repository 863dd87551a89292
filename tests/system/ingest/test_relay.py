"""The relay: order, takeover, and a broker that goes away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer

from services.ingest.relay import Relay
from services.ingest.settings import Settings
from services.ingest.store import outbox
from shared.topics import EVENTS
from tests.eventually import eventually
from tests.system.engines import RealEngines
from tests.system.ingest.conftest import Ingest
from tests.system.ingest.phones import sets


def relay_of(settings: Settings, publish_timeout: float = 10) -> Relay:
    return Relay(
        url=settings.database_url_ingest,
        kafka=settings.kafka_bootstrap_servers,
        shards=4,
        page=50,
        timeout=publish_timeout,
    )


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.wait([task])


async def published(settings: Settings, device_id: UUID) -> list[int]:
    """The numbers of a device in topic order."""
    consumer = AIOKafkaConsumer(
        EVENTS, bootstrap_servers=settings.kafka_bootstrap_servers, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        found: list[int] = []
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                batch = await consumer.getmany(partition, timeout_ms=1000)
                for record in batch.get(partition, []):
                    if record.key == str(device_id).encode():
                        found.append(json.loads(record.value)["sequence_number"])
        return found
    finally:
        await consumer.stop()


async def drained(ingest: Ingest) -> bool:
    return bool(await ingest.tables.fetchval("SELECT NOT EXISTS (SELECT FROM outbox)"))


async def test_what_was_accepted_is_published_in_order(ingest: Ingest) -> None:
    phones = [ingest.phone() for _ in range(8)]
    async with running(relay_of(ingest.settings)):
        for first in range(1, 100, 10):
            await asyncio.gather(*(phone.sync(sets(first, first + 9)) for phone in phones))
        await eventually(lambda: drained(ingest))

    for phone in phones:
        assert await published(ingest.settings, phone.device_id) == list(range(1, 101))


async def test_a_page_of_the_outbox_holds_so_many_bytes_and_at_least_one_batch(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given batches of some 30,000 bytes
    phone = ingest.phone()
    for first in range(1, 16, 3):
        sent = sets(first, first + 2)
        for event in sent:
            event["payload"]["notes"] = "x" * 10_000
        await phone.sync(sent)
    shown = {}
    for most in (10_000, 70_000, 1_000_000):
        monkeypatch.setattr(outbox, "PAGE_BYTES", most)
        page = await outbox.Outbox(ingest.tables, 0, 1).page(4_000)
        assert page
        shown[most] = len(page.records)

    # then few are read at once, and all of them are published in order
    assert shown == {10_000: 3, 70_000: 6, 1_000_000: 15}
    monkeypatch.setattr(outbox, "PAGE_BYTES", 70_000)
    async with running(relay_of(ingest.settings)):
        await eventually(lambda: drained(ingest))
    assert await published(ingest.settings, phone.device_id) == list(range(1, 16))


async def test_records_carry_the_correlation_id(ingest: Ingest) -> None:
    phone = ingest.phone()
    await ingest.client.post(
        "/api/v1/sync",
        json={"device_id": str(phone.device_id), "events": sets(1, 1)},
        headers={**phone.headers, "X-Correlation-ID": "from-the-gym", "traceparent": "00-ab-cd-01"},
    )
    consumer = AIOKafkaConsumer(EVENTS, bootstrap_servers=ingest.settings.kafka_bootstrap_servers, group_id=None)
    await consumer.start()
    await consumer.seek_to_end()
    await asyncio.gather(*(consumer.position(one) for one in consumer.assignment()))
    try:
        async with running(relay_of(ingest.settings)):
            record = await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()

    assert record.key == str(phone.device_id).encode()
    assert dict(record.headers) == {"correlation_id": b"from-the-gym", "traceparent": b"00-ab-cd-01"}


async def test_another_owner_takes_over_when_one_ends(ingest: Ingest) -> None:
    phone = ingest.phone()
    async with running(relay_of(ingest.settings)) as standby:
        await eventually(lambda: asyncio.sleep(0, standby.every_shard_is_owned))
        async with running(relay_of(ingest.settings)) as second:
            await eventually(lambda: asyncio.sleep(0, second.every_shard_is_owned))
            await ingest.tables.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await phone.sync(sets(1, 30))
            await eventually(lambda: drained(ingest))
    assert sorted(set(await published(ingest.settings, phone.device_id))) == list(range(1, 31))


async def test_a_broker_outage_costs_latency_only(ingest: Ingest, engines: RealEngines) -> None:
    phone = ingest.phone()
    async with running(relay_of(ingest.settings, publish_timeout=2)):
        await phone.sync(sets(1, 20))
        await eventually(lambda: drained(ingest))
        await engines.broker.kill()
        for first in (21, 41, 61):
            assert (await phone.sync(sets(first, first + 19)))["accepted_count"] == 20
        await asyncio.sleep(1)
        assert not await drained(ingest)
        await engines.broker.start()
        await eventually(lambda: drained(ingest))

    numbers = await published(ingest.settings, phone.device_id)
    assert list(dict.fromkeys(numbers)) == list(range(1, 81))


@pytest.fixture(autouse=True)
async def nothing_waits(ingest: Ingest) -> None:
    await ingest.tables.execute("DELETE FROM outbox")
