"""What the database itself holds: rights, invariants, reversible migrations."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import asyncpg
import pytest

from services.auth.settings import Settings
from services.auth.store import API_ROLE, identity
from shared.identity import UserRegistered
from shared.migrations import migrate
from shared.postgres import Pool, create_pool
from tests.system.engines import RealEngines, fresh_database


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Pool]:
    """Connections as the HTTP side has them."""
    async with await create_pool(settings.database_url_auth, role=API_ROLE, min_size=0) as pool:
        yield pool


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identity_log SET user_id = gen_random_uuid()",
        "DELETE FROM identity_log",
        "DELETE FROM identity_counter",
        "DELETE FROM erased_users",
        "DELETE FROM erasures",
        "UPDATE audit_log SET event = 'nothing'",
        "TRUNCATE users CASCADE",
        "INSERT INTO device_activity (device_id) VALUES (gen_random_uuid())",
        "CREATE TABLE mine (id int)",
    ],
)
async def test_the_http_side_cannot_rewrite_what_it_does_not_own(api: Pool, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.execute(statement)


async def test_numbers_stay_gapless_when_a_writer_fails(api: Pool) -> None:
    said = partial(UserRegistered, occurred_at=datetime.now(UTC), user_id=uuid4(), is_anonymous=True)
    async with api.acquire() as connection:
        first = await identity.say(connection, said)
        failing = connection.transaction()
        await failing.start()
        await identity.say(connection, said, said)
        await failing.rollback()
        assert await identity.say(connection, said, said) == first + 1
        numbers = [event.number for event in await identity.after(connection, 0, 10_000)]
    assert numbers == list(range(1, first + 3))


async def test_an_account_has_an_address_and_a_password_or_it_is_none(api: Pool) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await api.execute(
            "INSERT INTO users (user_id, is_anonymous, created_at) VALUES (gen_random_uuid(), false, now())"
        )


async def test_the_schema_goes_up_down_and_up_again(engines: RealEngines) -> None:
    async with fresh_database(engines, "auth") as url:
        assert await migrate(url, "auth", "downgrade", "base") == "empty"
        assert await migrate(url, "auth") != "empty"
