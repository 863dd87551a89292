"""Law 8: a rebuilt generation says what the live one says, and is switched in only then."""

import asyncio
from random import Random
from uuid import uuid4

import asyncpg
import pytest

from services.projector.rebuild.run import CannotApply, RebuildStopped, rebuild
from services.projector.rebuild.view import UnknownView, rebuild_view
from services.projector.settings import Settings
from services.projector.store import generations, identity, operating
from services.projector.store.batch import ProjectorStore
from shared.clients import service_client
from shared.feeds import IngestFeed
from shared.fold import fold
from shared.following import Follower
from shared.views.whole import content_digest_of
from tests.histories import history, interleaved
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply, content_digest, rows, split
from tests.system.rebuilt import Rebuilt


async def live_name(pool: "asyncpg.Pool[asyncpg.Record]") -> str | None:
    async with pool.acquire() as connection:
        return await generations.live_name(connection)


async def test_what_follows_every_test_finds_a_row_that_its_history_does_not_give(
    store: ProjectorStore, url: str
) -> None:
    person = history(50, events=60)
    await apply(store, person.received)
    await Rebuilt().check(url)

    async with store.transaction() as connection:
        await connection.execute(
            "UPDATE sets_projection SET content = content || ' ' WHERE user_id = $1", person.user_id
        )
    with pytest.raises(AssertionError, match=str(person.user_id)):
        await Rebuilt().check(url)

    async with store.transaction() as connection:
        await connection.execute(
            "UPDATE sets_projection SET content = rtrim(content) WHERE user_id = $1", person.user_id
        )


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


async def test_reads_and_live_projection_go_on_meanwhile(
    store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    people = [history(seed, events=300, devices=2) for seed in range(50, 53)]
    mixed = interleaved((chain for person in people for chain in person.devices.values()), Random(5))
    event_store.accept(mixed[:300])
    await apply(store, mixed[:300])

    rebuilding = asyncio.create_task(rebuild(settings))
    for batch in split(mixed[300:], Random(6), largest=20):
        event_store.accept(batch)
        await apply(store, batch)
        assert any((await rows(store, people[0].user_id)).values())
        await asyncio.sleep(0.05)
    await rebuilding

    async with service_client(event_store.url, settings) as client:
        await Follower(store, IngestFeed(client)).compare()
    for person in people:
        expected = content_digest_of(fold(event.recorded() for event in person.received))
        assert await content_digest(store, person.user_id) == expected


async def test_a_merge_during_a_rebuild_holds_in_the_new_generation(
    store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    # given two users with events
    account, anonymous = history(60, events=100), history(61, events=100)
    for person in (account, anonymous):
        event_store.accept(person.received)
        await apply(store, person.received)

    # when they merge after the rebuild has seen who is who, and before it has their events
    with event_store.held_up() as asked:
        rebuilding = asyncio.create_task(rebuild(settings))
        assert await asyncio.to_thread(asked.wait, 60)
        async with store.transaction() as connection:
            await identity.merge(connection, anonymous.user_id, account.user_id)
        assert not rebuilding.done()
    await rebuilding

    # then the new generation has everything under the account
    both = [*account.received, *anonymous.received]
    assert await content_digest(store, account.user_id) == content_digest_of(fold(e.recorded() for e in both))
    assert not any((await rows(store, anonymous.user_id)).values())


async def test_an_event_that_cannot_be_applied_stops_it_unless_it_is_parked(
    store: ProjectorStore, pool: "asyncpg.Pool[asyncpg.Record]", event_store: EventStore, settings: Settings
) -> None:
    person = history(62, events=40, devices=1)
    last = person.received[-1]
    unknown = last.model_copy(
        update={
            "event_id": uuid4(),
            "event_type": "SongSung",
            "sequence_number": last.sequence_number + 1,
            "previous_sequence": last.sequence_number,
        }
    )
    await apply(store, person.received)
    event_store.accept([*person.received, unknown])

    with pytest.raises(CannotApply, match=str(unknown.event_id)):
        await rebuild(settings)

    await apply(store, [unknown])
    await rebuild(settings)
    async with store.transaction() as connection:
        assert await connection.fetchval("SELECT event_id FROM dead_letters") == unknown.event_id


async def test_the_generation_before_can_be_made_live_again(
    store: ProjectorStore, pool: "asyncpg.Pool[asyncpg.Record]", settings: Settings, event_store: EventStore
) -> None:
    before = await live_name(pool)
    await rebuild(settings)
    async with store.transaction() as connection:
        assert await operating.roll_back(connection) == before

    assert await live_name(pool) == before


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
    # and the view can be made again by itself, in place
    assert await rebuild_view(settings, "sets") > 0
    assert await content_digest(store, person.user_id) == content_digest_of(fold(e.recorded() for e in person.received))
    assert await live_name(pool) == live


async def test_a_view_that_is_not_there_is_not_made(settings: Settings) -> None:
    with pytest.raises(UnknownView):
        await rebuild_view(settings, "songs")
