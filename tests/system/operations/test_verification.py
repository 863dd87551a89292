"""verify, republish and rebuild against a running stack: what differs is found, and can be repaired."""

import asyncio
import json
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.operations import rebuilding, republishing
from deploy.local.operations.chaos.phones import diary, introduced
from deploy.local.operations.running import Operator, operating
from deploy.local.operations.verification.command import verification
from deploy.local.operations.verification.content import Users, check_content
from deploy.local.operations.verification.store import read_store
from deploy.local.stack import Stack
from shared.topics import EVENTS, IDENTITY
from tests.system.engines import connect

PATIENCE = 30.0


async def trained(folder: Path, stack: Stack) -> None:
    """Phones of several users have brought everything that they logged."""
    phones = await introduced(folder, stack.url, seed=1)
    for phone, drafts in zip(phones, map(diary, range(len(phones))), strict=True):
        phone._queue.append([draft for _, draft in zip(range(150), drafts, strict=False)])
    await asyncio.gather(*(phone.finish() for phone in phones))
    await asyncio.gather(*(phone.close() for phone in phones))


async def first_difference(operator: Operator, *, content: bool = True) -> str | None:
    return (await verification(operator, content=content, patience=PATIENCE)).first_difference


async def without_topics(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.engines.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([EVENTS, IDENTITY])
        while {EVENTS, IDENTITY} & set(await admin.list_topics()):
            await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def test_what_differs_is_named_and_repaired(stack: Stack, folder: Path) -> None:
    await trained(folder, stack)
    async with operating(stack, patience=120) as operator:
        assert await first_difference(operator) is None

        await without_topics(stack)
        assert "is not on the topic" in (await first_difference(operator, content=False) or "")
        done = await republishing.work(operator)
        assert {EVENTS, IDENTITY} <= set(done.topics_made)
        assert await first_difference(operator) is None

        live = (await operator.get(rebuilding.PATH))["live"]
        generation = await rebuilding.work(operator, None)
        assert generation["name"] != live
        assert await first_difference(operator) is None

        await falsify_a_set(stack, generation["name"])
        assert "the events give" in (await first_difference(operator) or "")
        await rebuilding.work(operator, "sets")
        assert await first_difference(operator) is None


async def test_what_comes_in_while_the_store_is_read_is_no_difference(stack: Stack, folder: Path) -> None:
    await trained(folder, stack)
    async with operating(stack) as operator:
        assert await first_difference(operator) is None

        # given a look at the store that some events came after
        users = Users(await operator.identity.after(0))
        await read_store(operator.ingest, users)
        for events in users.events.values():
            del events[-3:]

        # when the read models are compared with it, then those are looked for
        assert (await check_content(operator, users, patience=PATIENCE)).difference is None


async def test_a_relay_that_is_only_late_is_waited_for(stack: Stack, folder: Path) -> None:
    relay = stack.processes["ingest-relay"]
    async with operating(stack) as operator:
        relay.pause()
        try:
            await trained(folder, stack)
            late = (await verification(operator, content=False, patience=1)).first_difference
            verifying = asyncio.create_task(first_difference(operator))
            await asyncio.sleep(2)
        finally:
            relay.resume()

        assert late is not None
        assert late.startswith("relay: the oldest has waited for")
        assert await verifying is None


async def falsify_a_set(stack: Stack, generation: str) -> None:
    """A row of a view says something else than the events do."""
    url = stack.engines.postgres.url("projector", role="postgres")
    superuser = await connect(url)
    try:
        table = await superuser.fetchval(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 AND table_name LIKE 'sets%'",
            generation,
        )
        row = await superuser.fetchrow(f'SELECT ctid, content FROM "{generation}".{table} LIMIT 1')
        content = json.loads(row["content"]) | {"reps": 99}
        await superuser.execute(
            f'UPDATE "{generation}".{table} SET content = $1 WHERE ctid = $2', json.dumps(content), row["ctid"]
        )
    finally:
        await superuser.close()
