"""A read waits for the caller's own writes, and hears of them from PostgreSQL, over connections that may end."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from services.projector.api import reads
from services.projector.store.batch import ProjectorStore
from services.projector.store.changes import Changes
from services.projector.store.users import lock, touch
from shared.postgres import Connection, connect
from tests.histories import history
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply
from tests.system.projector.phones import Reader, api
from tests.system.wire import wire_to

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
LONG = 60.0


@pytest.fixture
async def patient(url: str, event_store: EventStore) -> AsyncIterator[httpx2.AsyncClient]:
    """Waits for as long as a slow machine takes to apply what is waited for."""
    async with api(url, event_store, read_after_seconds=LONG) as opened:
        yield opened


async def test_a_read_waits_for_the_callers_own_writes(
    client: httpx2.AsyncClient, patient: httpx2.AsyncClient, store: ProjectorStore
) -> None:
    person = history(6, events=40, devices=1)
    device, last = person.received[0].device_id, person.received[-1].sequence_number
    phone = Reader(client, person.user_id, device)

    stale = await phone.response("/workouts", 200, {"X-Read-After": f"{device}:{last}"})
    assert stale.headers["X-Stale"] == "true"
    assert "X-Stale" not in (await phone.response("/workouts", 200, {"X-Read-After": f"{device}:0"})).headers

    # a thing that is not there may only not be there yet
    for path in ("/workouts", "/history"):
        missing = await phone.response(f"{path}/{uuid4()}", 404, {"X-Read-After": f"{device}:{last}"})
        assert missing.headers["X-Stale"] == "true"
        assert "X-Stale" not in (await phone.response(f"{path}/{uuid4()}", 404)).headers

    waiting = Reader(patient, person.user_id, device).response("/workouts", 200, {"X-Read-After": f"{device}:{last}"})
    answer = asyncio.create_task(waiting)
    await asyncio.sleep(0.05)
    assert not answer.done()
    await apply(store, person.received)
    fresh = await answer
    assert "X-Stale" not in fresh.headers
    assert fresh.json()["items"]

    stranger = Reader(client, uuid4(), uuid4())
    assert (await stranger.get("/workouts", 403, {"X-Read-After": f"{device}:1"}))["code"] == "wrong_device"


@pytest.fixture
async def changes(url: str) -> AsyncIterator[Changes]:
    listening = Changes(url, role="projector_api")
    yield listening
    await listening.close()


async def change_rows(connection: Connection) -> None:
    user_id = uuid4()
    await lock(connection, [user_id])
    await touch(connection, [user_id])


async def heard(pool: Pool, changes: Changes) -> None:
    """Commits changes until one is heard."""
    change = changes.next()
    while not change.done():
        change = changes.next()
        async with pool.acquire() as connection:
            await change_rows(connection)
        await asyncio.wait([change], timeout=0.05)


async def test_a_waiting_read_is_told_of_the_commit(
    patient: httpx2.AsyncClient, store: ProjectorStore, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a read that would look again only after longer than it may wait
    monkeypatch.setattr(reads, "_UNHEARD_SECONDS", 2 * LONG)
    person = history(23, events=40, devices=1)
    device, last = person.received[0].device_id, person.received[-1].sequence_number
    phone = Reader(patient, person.user_id, device)
    waiting = asyncio.create_task(phone.response("/workouts", 200, {"X-Read-After": f"{device}:{last}"}))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    # when its writes are applied
    await apply(store, person.received)
    # then it has them, at the latest with a change that comes once it listens
    async with asyncio.timeout(LONG / 2):
        while not waiting.done():
            await asyncio.wait([waiting], timeout=0.2)
            async with pool.acquire() as connection:
                await change_rows(connection)
    assert "X-Stale" not in (await waiting).headers


async def test_a_commit_is_told_and_a_rollback_is_not(pool: Pool, changes: Changes) -> None:
    await heard(pool, changes)
    change = changes.next()

    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await change_rows(connection)
        await transaction.rollback()
        await asyncio.sleep(0.1)
        assert not change.done()
        await change_rows(connection)

    await asyncio.wait_for(change, LONG)


async def test_a_listener_whose_connection_has_ended_listens_again(url: str, pool: Pool, changes: Changes) -> None:
    await heard(pool, changes)
    owner = await connect(url)
    assert await owner.fetch("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    await owner.close()

    await heard(pool, changes)


async def test_a_listener_whose_host_vanishes_listens_again(
    url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a listener that asks often whether anybody is there
    monkeypatch.setattr("services.projector.store.changes.ASK_SECONDS", 0.1)
    monkeypatch.setattr("services.projector.store.changes.STATEMENT_TIMEOUT_MS", 500)
    async with wire_to(url) as wire:
        listening = Changes(wire.url, role="projector_api")
        await heard(pool, listening)
        # when the host at the other end vanishes
        wire.vanish()
        # then it hears of later commits all the same
        async with asyncio.timeout(LONG / 2):
            await heard(pool, listening)
        await listening.close()


async def test_a_read_waits_no_longer_than_it_may_for_a_database_that_lets_nobody_listen(
    url: str, event_store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a listener whose connection is never answered
    async def unanswered(*_: object, **__: object) -> None:
        await asyncio.sleep(LONG)

    monkeypatch.setattr("services.projector.store.changes.connect", unanswered)
    user, device = uuid4(), uuid4()
    async with api(url, event_store) as client, asyncio.timeout(LONG / 2):
        # when a read waits in vain
        stale = await Reader(client, user, device).response("/workouts", 200, {"X-Read-After": f"{device}:1"})
    # then it is answered all the same
    assert stale.headers["X-Stale"] == "true"
