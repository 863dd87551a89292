"""What may happen while a rebuild is at it: erasures, unreadable events, faults, a backlog, slow comparisons."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.projector.rebuild import run
from services.projector.rebuild.run import CannotApply, RebuildStopped, rebuild
from services.projector.settings import Settings
from services.projector.store import comparing, generations, identity, loading, operating, users
from services.projector.store.batch import ProjectorStore
from shared import postgres
from shared.fold import fold
from shared.identity import UserErased, UserMerged
from shared.postgres import Connection, connect
from shared.views.whole import VIEWS_VERSION, content_digest_of
from tests.histories import History, history, sent
from tests.system.projector.feed import EventStore, served
from tests.system.projector.looking import apply, content_digest, rows

Meanwhile = Callable[[Callable[[], Awaitable[None]]], None]


@pytest.fixture
def event_store() -> Iterator[EventStore]:
    """One for each test: a rebuild reads all of it."""
    with served(EventStore()) as store:
        yield store


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Has something happen when a rebuild has read everything and begins to catch up."""
    catch_up = run._Rebuild._catch_up

    def before_it_catches_up(happens: Callable[[], Awaitable[None]]) -> None:
        async def catch_up_after(self: run._Rebuild) -> None:
            await happens()
            await catch_up(self)

        monkeypatch.setattr(run._Rebuild, "_catch_up", catch_up_after)

    return before_it_catches_up


async def erase(store: ProjectorStore, user_id: UUID) -> None:
    async with store.transaction() as connection:
        await identity.erase(connection, uuid4(), {user_id})


async def letters(store: ProjectorStore, person: History) -> list[tuple[UUID, str]]:
    """The parked events of somebody, each with its state."""
    async with store.transaction() as connection:
        rows = await connection.fetch("SELECT event_id, state FROM dead_letters WHERE user_id = $1", person.user_id)
    return [(row[0], row[1]) for row in rows]


async def test_an_erasure_does_not_stop_it(
    store: ProjectorStore, event_store: EventStore, settings: Settings, meanwhile: Meanwhile
) -> None:
    # given somebody who is erased in every store while the rebuild runs
    stays, goes = history(960, events=40), history(961, events=40)
    for person in (stays, goes):
        event_store.accept(person.received)
        await apply(store, person.received)

    async def erased() -> None:
        await erase(store, goes.user_id)
        for device in goes.devices:
            event_store.events.pop(device)

    meanwhile(erased)
    # when it goes on, then it is switched in without a trace of them
    await rebuild(settings)
    async with store.transaction() as connection:
        devices = {row[0] for row in await connection.fetch("SELECT device_id FROM applied")}
    assert devices >= {event.device_id for event in stays.received}
    assert devices.isdisjoint(goes.devices)


async def test_an_erased_user_of_whom_all_is_parked_leaves_nothing_in_the_new_generation(
    store: ProjectorStore, event_store: EventStore, settings: Settings, meanwhile: Meanwhile
) -> None:
    person = history(962, events=3, devices=1)
    events = [event.model_copy(update={"event_type": "SongSung"}) for event in person.received]
    event_store.accept(events)
    await apply(store, events)

    meanwhile(lambda: erase(store, person.user_id))
    await rebuild(settings)

    async with store.transaction() as connection:
        for table in ("dead_letters", "applied"):
            query = f"SELECT count(*) FROM {table} WHERE user_id = $1"
            assert await connection.fetchval(query, person.user_id) == 0


async def test_an_event_that_only_the_live_generation_could_apply_stops_it(
    store: ProjectorStore, event_store: EventStore, settings: Settings, meanwhile: Meanwhile
) -> None:
    # given an event that comes late, and that the version of the software that rebuilds cannot read
    person = history(963, events=40, devices=1)
    event_store.accept(person.received[:-1])
    await apply(store, person.received)
    late = person.received[-1]

    async def arrives() -> None:
        event_store.accept([late.model_copy(update={"event_type": "SongSung"})])

    meanwhile(arrives)
    # when the rebuild meets it, then it stops and names it
    with pytest.raises(CannotApply, match=str(late.event_id)):
        await rebuild(settings)


async def test_what_the_live_generation_parks_meanwhile_does_not_stop_it(
    store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    # given an event that nobody can read, which comes when the rebuild has begun
    person = history(968, events=40, devices=1)
    event_store.accept(person.received[:-1])
    await apply(store, person.received[:-1])
    late = person.received[-1].model_copy(update={"event_type": "SongSung"})
    with event_store.held_up() as asked:
        rebuilding = asyncio.create_task(rebuild(settings))
        assert await asyncio.to_thread(asked.wait, 60)
        event_store.accept([late])

    # when the live generation parks it a moment later
    await asyncio.sleep(0.5)
    await apply(store, [late])

    # then the new one has it parked too
    await rebuilding
    assert await letters(store, person) == [(late.event_id, "parked")]


async def test_what_an_operator_decides_meanwhile_holds_in_the_new_generation_and_in_the_old_one(
    store: ProjectorStore, event_store: EventStore, settings: Settings, meanwhile: Meanwhile
) -> None:
    # given an event that is parked, and given up while a rebuild runs
    person = history(969, events=40, devices=1)
    unknown = person.received[-1].model_copy(update={"event_type": "SongSung"})
    events = [*person.received[:-1], unknown]
    event_store.accept(events)
    await apply(store, events)

    async def discards() -> None:
        async with store.transaction() as connection:
            await operating.discard(connection, unknown.device_id, unknown.sequence_number)

    meanwhile(discards)
    # when the new generation is switched in, then it is given up there
    await rebuild(settings)
    assert await letters(store, person) == [(unknown.event_id, "discarded")]

    # and what was decided in that one holds where the one before is made live again
    async with store.transaction() as connection:
        await connection.execute("UPDATE dead_letters SET state = 'parked' WHERE user_id = $1", person.user_id)
        await operating.roll_back(connection)
    assert await letters(store, person) == [(unknown.event_id, "parked")]


@pytest.mark.parametrize("killed", [False, True])
async def test_what_was_not_switched_in_keeps_nothing_of_anybody(
    store: ProjectorStore, event_store: EventStore, settings: Settings, meanwhile: Meanwhile, killed: bool
) -> None:
    # given a rebuild that fails, or is killed and whose worker starts again
    person = history(964, events=40, devices=1)
    event_store.accept(person.received)
    await apply(store, person.received)
    owner = await connect(settings.database_url_projector)
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^g[0-9]+$'"
    before = {row[0] for row in await owner.fetch(schemas)}

    async def fails() -> None:
        raise RebuildStopped("for whatever reason")

    meanwhile(fails)
    with pytest.raises(RebuildStopped):
        await rebuild(settings)
    if killed:
        name = await owner.fetchval("UPDATE generations SET state = 'building' WHERE state = 'failed' RETURNING name")
        await owner.execute(f"CREATE SCHEMA {name}")
        await loading.abandon_unfinished(owner)
    # then its rows are gone, and why it failed is on record
    assert {row[0] for row in await owner.fetch(schemas)} == before
    kept = await owner.fetchval("SELECT progress FROM generations WHERE state = 'failed'")
    assert "for whatever reason" in kept
    await owner.close()


async def test_a_comparison_may_take_longer_than_an_idle_transaction_may(
    store: ProjectorStore, event_store: EventStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a comparison that takes two seconds, and transactions that may idle for one
    person = history(965, events=40, devices=1)
    event_store.accept(person.received)
    await apply(store, person.received)
    given, found = postgres._server_settings, comparing.comparable
    shorter = {"idle_in_transaction_session_timeout": "1000"}
    monkeypatch.setattr(postgres, "_server_settings", lambda *settings: given(*settings) | shorter)

    async def slow(connection: Connection, old: str, new: str) -> Mapping[UUID, int]:
        await connection.execute("SELECT pg_sleep(2)")
        return await found(connection, old, new)

    monkeypatch.setattr(comparing, "comparable", slow)
    # when it compares, then it is switched in
    await rebuild(settings)


async def test_the_switch_gets_its_turn_among_batches_that_overlap(store: ProjectorStore, url: str) -> None:
    # given batches that follow each other without a pause, as with a backlog
    over = False

    async def busy(offset: float) -> None:
        await asyncio.sleep(offset)
        while not over:
            async with store.transaction() as connection:
                await connection.execute("SELECT pg_sleep(0.1)")

    batches = [asyncio.create_task(busy(number / 80)) for number in range(8)]
    await asyncio.sleep(0.3)
    owner = await connect(url)
    # when somebody wants to hold them all, then that takes a batch's time and not for ever
    try:
        async with asyncio.timeout(30), owner.transaction():
            await loading.hold_live(owner)
    except asyncpg.PostgresConnectionError:
        raise TimeoutError from None
    finally:
        over = True
        await asyncio.gather(*batches)
        owner.terminate()


async def test_an_alias_that_was_erased_before_it_was_merged_takes_nobody_with_it(store: ProjectorStore) -> None:
    goes, stays = history(966, events=40, devices=1), history(967, events=40, devices=1)
    for person in (goes, stays):
        await apply(store, person.received)
    await erase(store, goes.user_id)

    async with store.transaction() as connection:
        await identity.merge(connection, goes.user_id, stays.user_id)
        for table in ("history", "applied"):
            query = f"SELECT count(*) FROM {table} WHERE user_id = $1"
            assert await connection.fetchval(query, stays.user_id) > 0


async def test_an_event_that_says_nothing_of_an_exercise_is_seen_alike(
    store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    said = sent(uuid4(), uuid4(), [("ExerciseUpdated", {"exercise_id": str(uuid4())})])
    event_store.accept(said)
    await apply(store, said)

    await rebuild(settings)


async def test_one_who_was_erased_and_then_merged_says_nothing_in_the_new_generation_either(
    store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    goes, stays = history(971, events=40), history(972, events=40)
    for person in (goes, stays):
        event_store.accept(person.received)
        await apply(store, person.received)
    await erase(store, goes.user_id)
    async with store.transaction() as connection:
        await identity.merge(connection, goes.user_id, stays.user_id)
    before = await rows(store, stays.user_id)

    await rebuild(settings)

    assert await rows(store, stays.user_id) == before


async def upgraded(url: str, with_new: str, without: str) -> None:
    """Makes of the live generation one of an older version, which had no table `with_new`, and had `without`."""
    owner = await connect(url)
    live = await generations.live_name(owner)
    await owner.execute(f"DROP TABLE {live}.{with_new}")
    await owner.execute(f"CREATE TABLE {live}.{without} (user_id uuid, content text)")
    await owner.execute(f"GRANT SELECT, DELETE ON {live}.{without} TO projector_worker")
    await owner.execute("UPDATE generations SET shape = 'older', fold_version = 'older' WHERE name = $1", live)
    await owner.close()


async def test_rows_of_an_older_version_are_shown_but_not_written_beside(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a live generation, in which batches read the rows of earlier ones
    owner = await connect(url)
    assert (await generations.fitness(owner)).writable
    # when the software makes other rows in the same tables
    monkeypatch.setattr("services.projector.store.generations.VIEWS_VERSION", VIEWS_VERSION + 1)
    # then a worker waits for a rebuild, and nobody goes back to it
    assert await generations.fitness(owner) == generations.Fitness(writable=False, current=False)
    await owner.close()


async def test_after_an_upgrade_a_merge_and_an_erasure_wait_for_nothing(
    url: str, store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    # given three users in read models of an older version, of whom two merged and one is erased meanwhile
    account, anonymous, goes = history(981, events=40), history(982, events=40), history(983, events=40)
    for person in (account, anonymous, goes):
        event_store.accept(person.received)
        await apply(store, person.received)
    await upgraded(url, with_new="goals_projection", without="songs_projection")
    when = account.received[0].received_at
    event_store.identity += [
        UserMerged(
            number=1, occurred_at=when, user_id=account.user_id, merge_id=uuid4(), from_user_id=anonymous.user_id
        ),
        UserErased(number=2, occurred_at=when, user_id=goes.user_id, erasure_id=uuid4(), merged_user_ids=[]),
    ]

    # when the read models are made again
    await rebuild(settings)

    # then both hold
    both = [*account.received, *anonymous.received]
    assert await content_digest(store, account.user_id) == content_digest_of(fold(e.recorded() for e in both))
    assert not any((await rows(store, goes.user_id)).values())


async def test_an_erasure_reaches_every_table_of_a_retired_generation_and_no_other(
    url: str, store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    # given read models that were made again after an upgrade
    goes = history(984, events=40)
    event_store.accept(goes.received)
    await apply(store, goes.received)
    await upgraded(url, with_new="goals_projection", without="songs_projection")
    owner = await connect(url)
    older = await generations.live_name(owner)
    await owner.execute(f"INSERT INTO {older}.songs_projection VALUES ($1, 'sung')", goes.user_id)
    await rebuild(settings)

    # when somebody is erased
    await erase(store, goes.user_id)

    # then nothing is left, and nobody goes back to what cannot be written any more
    for table in ("songs_projection", "history", "sets_projection"):
        assert await owner.fetchval(f"SELECT count(*) FROM {older}.{table} WHERE user_id = $1", goes.user_id) == 0
    await owner.close()
    async with store.transaction() as connection:
        assert await operating.roll_back(connection) is None


async def test_a_fault_of_one_connection_while_indexing_is_told_as_it_was(url: str) -> None:
    # given a generation with a row too many
    first, second = [await connect(url) for _ in range(2)]
    name = await generations.create(first)
    await first.execute(f"INSERT INTO {name}.applied (device_id) SELECT $1::uuid FROM generate_series(1, 2)", uuid4())
    # when it is indexed over two connections
    with pytest.raises(asyncpg.UniqueViolationError, match="applied_pkey"):
        await generations.secure_loaded((first, second), name)
    # then the reason is that of the database, and the connections are free again
    await generations.drop(second, name)
    await asyncio.gather(first.close(), second.close())


NEWEST_RETIRED = "SELECT name FROM generations WHERE state = 'retired' ORDER BY switched_at DESC LIMIT 1"


async def test_users_who_were_merged_in_one_generation_only_are_not_compared(
    store: ProjectorStore, event_store: EventStore, settings: Settings
) -> None:
    # given two generations, and a merge that only the live one has heard of, as between a rebuild's last steps
    goes, stays, other = (history(seed, events=40, devices=1) for seed in (991, 992, 993))
    for person in (goes, stays, other):
        event_store.accept(person.received)
        await apply(store, person.received)
    rebuilt = await rebuild(settings)
    async with store.transaction() as connection:
        await identity.merge(connection, goes.user_id, stays.user_id)
        retired = await connection.fetchval(NEWEST_RETIRED)
        for generations_in_order in ((rebuilt.generation, retired), (retired, rebuilt.generation)):
            # when they are compared, in whichever order
            compared = await comparing.comparable(connection, *generations_in_order)

            # then it is not taken for a difference
            assert other.user_id in compared
            assert not {goes.user_id, stays.user_id} & compared.keys()


async def test_moving_merged_users_waits_its_turn_for_those_who_take_them_in(store: ProjectorStore) -> None:
    # given two users, and two who were merged into them the other way around, whose rows are still to be moved
    first, second = sorted((history(seed, events=20, devices=1) for seed in (987, 988)), key=lambda one: one.user_id)
    merged = sorted((history(seed, events=20, devices=1) for seed in (989, 990)), key=lambda one: one.user_id)
    for person in (first, second, *merged):
        await apply(store, person.received)
    async with store.transaction() as connection:
        for person, into in zip(merged, (second, first), strict=True):
            await identity.merge(connection, person.user_id, into.user_id, moves=False)

    # when a batch that has the one of them wants the other, while they are moved
    async def batch() -> None:
        async with store.transaction() as connection:
            await users.lock(connection, {first.user_id})
            holds.set()
            while not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                await asyncio.sleep(0.05)
            await users.lock(connection, {second.user_id})

    async def move() -> None:
        await holds.wait()
        async with store.transaction() as connection:
            await identity.settle(connection, [person.user_id for person in merged])

    holds = asyncio.Event()
    # then both come to their end
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(batch())
        tasks.create_task(move())
    async with store.transaction() as connection:
        assert not await loading.misplaced(connection)
