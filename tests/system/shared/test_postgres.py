"""How the sessions of a pool plan their statements, and what becomes of them when their host vanishes."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from uuid import uuid4

import pytest
from pydantic_core import from_json

from shared.database import Database as Store
from shared.errors import Unavailable
from shared.postgres import PASSING, close_pool, connect, create_pool
from tests.system.conftest import Database
from tests.system.wire import Wire, wire_to

BY_KEYS = "SELECT kept.* FROM unnest($1::uuid[]) AS asked (id) JOIN kept USING (id)"
# As often as PostgreSQL plans a statement for its values before it may keep a plan for all of them.
UNTIL_KEPT = 6


@pytest.mark.parametrize("by_key", [True, False])
async def test_a_plan_from_when_a_table_was_empty_goes_by_the_index_all_the_same(
    database: Database, by_key: bool
) -> None:
    """Where every plan is left to the planner, this one reads the whole table for as long as the session lasts."""
    async with (
        await create_pool(await database("projector"), min_size=0, by_key=by_key) as pool,
        pool.acquire() as connection,
    ):
        await connection.execute("CREATE TEMP TABLE kept (id uuid PRIMARY KEY, said text)")
        statement = await connection.prepare(BY_KEYS)
        for _ in range(UNTIL_KEPT):
            await statement.fetch([uuid4() for _ in range(100)])
        await connection.execute(
            "INSERT INTO kept SELECT gen_random_uuid(), repeat('a', 100) FROM generate_series(1, 5000)"
        )

        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {statement.get_name()}('{{{uuid4()}}}')")

    assert ("Seq Scan" not in set(_kinds(from_json(plan)[0]["Plan"]))) is by_key


def _kinds(node: Mapping[str, Any]) -> Iterable[str]:
    yield node["Node Type"]
    for inner in node.get("Plans", ()):
        yield from _kinds(inner)


LONG = 30.0
LIMIT_MS = 500


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Fails where it takes longer, even where whoever is cut off then answers with a fault of its own."""
    async with asyncio.timeout(seconds) as limit:
        yield
    assert not limit.expired()


@pytest.fixture
async def wire(database: Database) -> AsyncIterator[Wire]:
    async with wire_to(await database("ingest")) as laid:
        yield laid


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_store_whose_host_vanishes_is_away_and_then_there_again(wire: Wire, in_transaction: bool) -> None:
    # given a store all of whose connections have answered
    store = Store(wire.url, role="ingest_api", away="away", size=1, statement_timeout_ms=LIMIT_MS)
    assert await store.answers()

    async def ask() -> None:
        async with store.acquire() as connection, connection.transaction() if in_transaction else nullcontext():
            wire.vanish()
            await connection.fetchval("SELECT 1")

    async with within(LONG):
        # when its host vanishes amid a request
        with pytest.raises(Unavailable, match="away"):
            await ask()
        # then the next one is answered by who has its address now
        assert await store.answers()
    await store.close()


async def test_a_pool_whose_host_vanishes_while_it_rests_goes_on_with_others(wire: Wire) -> None:
    lost = asyncio.Event()
    pool = await create_pool(wire.url, max_size=1, statement_timeout_ms=LIMIT_MS, clean=False, on_lost=lost.set)
    await pool.fetchval("SELECT 1")
    wire.vanish()

    async with within(LONG):
        with pytest.raises(PASSING):
            await pool.fetchval("SELECT 1")
        assert await pool.fetchval("SELECT 1") == 1

    assert lost.is_set()
    await close_pool(pool)


async def test_who_has_a_lock_of_a_host_that_vanishes_hears_of_it(wire: Wire) -> None:
    connection = await connect(wire.url, statement_timeout_ms=LIMIT_MS)
    await connection.execute("SELECT pg_advisory_lock(1)")
    wire.vanish()

    async with within(LONG):
        with pytest.raises(PASSING):
            await connection.fetchval("SELECT 1")

    connection.terminate()
