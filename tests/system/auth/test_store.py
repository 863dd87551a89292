"""What the database itself holds: rights, invariants, reversible migrations."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from pydantic_core import from_json

from services.auth.settings import Settings
from services.auth.store import API_ROLE, identity
from services.auth.store.erasures import FORGET
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


async def test_what_an_erasure_deletes_is_found_by_indexes(api: Pool) -> None:
    await api.execute(
        "INSERT INTO audit_log (happened_at, event, user_id, device_id, correlation_id) "
        "SELECT now(), 'noted', gen_random_uuid(), gen_random_uuid(), '' FROM generate_series(1, 2000)"
    )
    for store in ("audit_log", "device_activity"):
        plan = await api.fetchval(f"EXPLAIN (FORMAT JSON) {FORGET[store]}", [uuid4()])
        assert f'"Relation Name": "{store}"' in plan
        assert "Seq Scan" not in [node["Node Type"] for node in nodes(from_json(plan)[0]["Plan"])]


def nodes(node: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


async def test_the_schema_goes_up_down_and_up_again(engines: RealEngines) -> None:
    async with fresh_database(engines, "auth") as url:
        for revision, left in (("0001", "0001"), ("base", "empty")):
            assert await migrate(url, "auth", "downgrade", revision) == left
            assert await migrate(url, "auth") == "0002"
