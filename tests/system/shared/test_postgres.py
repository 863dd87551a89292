"""How the sessions of a pool plan their statements."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

import pytest
from pydantic_core import from_json

from shared.postgres import create_pool
from tests.system.conftest import Database

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
