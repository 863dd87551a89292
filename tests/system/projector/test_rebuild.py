"""Law 8: a rebuilt generation says what the live one says, and is switched in only then."""

from collections.abc import Iterator

import asyncpg
import pytest

from services.projector.rebuild.run import RebuildStopped, rebuild
from services.projector.settings import Settings
from services.projector.store import generations, identity
from services.projector.store.batch import ProjectorStore
from shared.feeds import IngestFeed
from shared.following import Follower
from shared.http import service_client
from tests.histories import history
from tests.system.projector.feed import EventStore, served
from tests.system.projector.looking import apply, rows


@pytest.fixture(scope="module")
def event_store() -> Iterator[EventStore]:
    with served(EventStore()) as store:
        yield store


@pytest.fixture
def settings(url: str, event_store: EventStore) -> Settings:
    return Settings(
        database_url_projector=url, ingest_url=event_store.url, auth_url=event_store.url, service_token="secret"
    )


async def live_name(pool: "asyncpg.Pool[asyncpg.Record]") -> str | None:
    async with pool.acquire() as connection:
        return await generations.live_name(connection)


async def test_live_equals_rebuilt_also_after_a_merge(
    store: ProjectorStore, pool: "asyncpg.Pool[asyncpg.Record]", event_store: EventStore, settings: Settings
) -> None:
    people = [history(seed, events=200, devices=2) for seed in range(3)]
    for person in people:
        event_store.accept(person.received)
        await apply(store, person.received)
    async with store.transaction() as connection:
        await identity.merge(connection, people[0].user_id, people[1].user_id)
    before = {person.user_id: await rows(store, person.user_id) for person in people}
    old = await live_name(pool)

    done = await rebuild(settings)

    assert await live_name(pool) == done.generation != old
    assert {person.user_id: await rows(store, person.user_id) for person in people} == before
    assert done.events == 600


async def test_what_was_not_projected_yet_comes_with_the_rebuild(
    store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    late = history(31, events=120)
    event_store.accept(late.received)

    await rebuild(settings)

    assert any((await rows(store, late.user_id)).values())
    async with service_client(event_store.url, settings) as client:
        assert await Follower(store, IngestFeed(client)).compare() == []


async def test_a_rebuild_that_would_change_what_people_read_is_not_switched_in(
    store: ProjectorStore, pool: "asyncpg.Pool[asyncpg.Record]", event_store: EventStore, settings: Settings
) -> None:
    person = history(41, events=60)
    event_store.accept(person.received)
    await apply(store, person.received)
    async with store.transaction() as connection:
        await connection.execute(
            "UPDATE sets_projection SET content = replace(content, 'reps', 'repz') WHERE user_id = $1", person.user_id
        )
    live = await live_name(pool)

    with pytest.raises(RebuildStopped, match=f"user {person.user_id} reads otherwise in view sets"):
        await rebuild(settings)

    assert await live_name(pool) == live
