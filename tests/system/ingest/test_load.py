"""Limits and load: told to come again, never queued without end, and nothing half done."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from services.ingest.app import create_app
from services.ingest.settings import Settings
from tests.system.engines import connect
from tests.system.ingest.conftest import Ingest
from tests.system.ingest.phones import KnownTokens, Phone, sets
from tests.system.wire import Wire, wire_to


async def app_with(ingest: Ingest, **changes: object) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(Settings.model_validate(ingest.settings.model_dump() | changes))
    app.state.tokens = ingest.tokens
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://ingest") as client,
    ):
        yield client


@pytest.fixture
async def limited(ingest: Ingest) -> AsyncIterator[httpx2.AsyncClient]:
    async for client in app_with(ingest, ingest_limits_enabled=True, ingest_device_rate=0.01, ingest_device_burst=3):
        yield client


@pytest.fixture
async def narrow(ingest: Ingest) -> AsyncIterator[httpx2.AsyncClient]:
    async for client in app_with(ingest, ingest_pool_size=1, ingest_max_in_flight=4, ingest_statement_timeout=2):
        yield client


@pytest.fixture
async def wire(ingest: Ingest) -> AsyncIterator[Wire]:
    async with wire_to(ingest.settings.database_url_ingest) as laid:
        yield laid


@pytest.fixture
async def wired(ingest: Ingest, wire: Wire) -> AsyncIterator[httpx2.AsyncClient]:
    async for client in app_with(ingest, database_url_ingest=wire.url, ingest_statement_timeout=1):
        yield client


async def test_a_device_that_asks_too_often_is_told_when_to_come_again(
    ingest: Ingest, limited: httpx2.AsyncClient
) -> None:
    phone, other = (Phone(limited, ingest.tokens) for _ in range(2))

    answers = [await phone.post([]) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await other.post([])).status_code == 200


async def test_too_much_at_once_is_shed_and_what_hangs_is_ended(ingest: Ingest, narrow: httpx2.AsyncClient) -> None:
    phones = [Phone(narrow, ingest.tokens) for _ in range(12)]
    await asyncio.gather(*(phone.post([]) for phone in phones[:4]))
    holder = await connect(ingest.settings.database_url_ingest)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
            answers = await asyncio.gather(*(phone.post(sets(1, 2)) for phone in phones))
    finally:
        await holder.close()

    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    later = [await phone.sync(sets(1, 2)) for phone in phones]
    assert [answer["accepted_count"] for answer in later] == [2] * 12


async def test_what_is_asked_of_a_host_that_vanishes_is_answered_and_may_be_asked_again(
    ingest: Ingest, wire: Wire, wired: httpx2.AsyncClient
) -> None:
    phone = Phone(wired, ingest.tokens)

    async def ready() -> int:
        return (await wired.get("/health/ready")).status_code

    async with asyncio.timeout(40) as limit:
        before = await ready()
        wire.vanish()
        after = [await ready(), await ready()]
        wire.vanish()
        answer = await phone.post(sets(1, 2))
        later = await phone.sync(sets(1, 2))

    assert not limit.expired()
    assert (before, after) == (200, [503, 200])
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert later["ack_cursor"]["last_acked_sequence"] == 2


async def test_it_starts_without_postgresql_and_says_so(ingest: Ingest) -> None:
    nowhere = ingest.settings.model_dump() | {"database_url_ingest": "postgresql+asyncpg://x:y@127.0.0.1:1/x"}
    app = create_app(Settings.model_validate(nowhere))
    app.state.tokens = tokens = KnownTokens()
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://ingest") as client,
    ):
        answer = await Phone(client, tokens).post(sets(1, 1))
        ready = await client.get("/health/ready")
        alive = await client.get("/health/live")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert (ready.status_code, alive.status_code) == (503, 200)
