"""What the database itself keeps from the HTTP process: other users' rows, and all that only the worker may do."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.coach.store import API_ROLE
from services.coach.store.own import own
from services.coach.store.owned import DERIVED, MEMORY, OWNED
from shared.domains.exercises.catalogue import catalogue_id
from shared.postgres import Pool, create_pool
from tests.eventually import eventually
from tests.system.coach.world import START, World, frames_of

BENCH = catalogue_id("bench-press-barbell")
TABLES_OF_USERS = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'user_id' AND table_name <> 'users' ORDER BY 1
"""


@pytest.fixture
async def api(world: World) -> AsyncIterator[Pool]:
    """Connections as the HTTP process has them."""
    async with await create_pool(world.settings.database_url_coach, role=API_ROLE, min_size=0) as pool:
        yield pool


@pytest.fixture
async def owner(world: World) -> AsyncIterator[Pool]:
    async with await create_pool(world.settings.database_url_coach, min_size=0) as pool:
        yield pool


@pytest.fixture
async def users(world: World, owner: Pool) -> list[UUID]:
    """Two users who have trained, talked and said what lasts."""
    found = [uuid4(), uuid4()]
    for user in found:
        await world.publish(*world.workout(user, uuid4(), START, (BENCH, 100, 5)))
        await frames_of(world, user, "My goal is to squat 150 kg. What next?")

        async def remembered(user: UUID = user) -> bool:
            query = "SELECT count(*) > 0 FROM memory_events WHERE user_id = $1"
            return bool(await owner.fetchval(query, user))

        await eventually(remembered)
    return found


async def test_a_query_that_forgot_its_filter_shows_the_callers_rows_only(api: Pool, users: list[UUID]) -> None:
    for table in ("conversations", "messages", "lasting_facts", "memory_events", "trainees"):
        unfiltered = f"SELECT DISTINCT user_id FROM {table}"
        assert await api.fetch(unfiltered) == []
        for user in users:
            async with own(api, user) as connection:
                assert [row["user_id"] for row in await connection.fetch(unfiltered)] == [user]


async def test_a_change_that_forgot_its_filter_reaches_no_other_users_rows(
    api: Pool, owner: Pool, users: list[UUID]
) -> None:
    first, second = users
    async with own(api, first) as connection:
        await connection.execute("DELETE FROM lasting_facts")
        await connection.execute("UPDATE conversations SET title = 'mine'")
    assert await owner.fetchval("SELECT count(*) FROM lasting_facts WHERE user_id = $1", first) == 0
    assert await owner.fetchval("SELECT count(*) FROM lasting_facts WHERE user_id = $1", second) == 1
    assert await owner.fetchval("SELECT title FROM conversations WHERE user_id = $1", second) != "mine"


async def test_nothing_can_be_written_in_anothers_name(api: Pool, users: list[UUID]) -> None:
    first, second = users
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with own(api, first) as connection:
            await connection.execute(
                "INSERT INTO lasting_facts VALUES (gen_random_uuid(), $1, 'goal', 'to obey', now())", second
            )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users",
        "SELECT * FROM applied",
        "SELECT * FROM outbox",
        "SELECT * FROM dead_letters",
        "DELETE FROM memory_events",
        "UPDATE weekly_reports SET content = '{}'",
        "DELETE FROM token_usage",
        "INSERT INTO trainees (user_id) VALUES (gen_random_uuid())",
        "INSERT INTO outbox (topic, key, value, correlation_id) VALUES ('t', 'k', 'v', 'c')",
        "TRUNCATE conversations CASCADE",
        "CREATE TABLE mine (id int)",
    ],
)
async def test_what_is_the_workers_alone_is_refused(api: Pool, statement: str) -> None:
    async with api.acquire() as connection:
        await connection.execute("SELECT set_config('app.user_id', $1, false)", str(uuid4()))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_every_table_of_users_has_its_policy_and_is_erased_with_them(owner: Pool) -> None:
    tables = [row["table_name"] for row in await owner.fetch(TABLES_OF_USERS)]
    walled = await owner.fetch("SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY 1")
    assert [row["relname"] for row in walled] == tables
    assert set(tables) == {MEMORY, *DERIVED, *(table for table, _ in OWNED)}
