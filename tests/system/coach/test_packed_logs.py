"""A process that does not know a history reads the packed log, and never says anything else than the history does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from services.coach.facts.packing import SHAPE, packed
from services.coach.facts.rows import Rows
from services.coach.logs import WORTH_PACKING, Logs, pack
from services.coach.store import API_ROLE, WORKER_ROLE
from services.coach.store.memory import Memory, Remembered
from services.coach.store.packed_logs import PackedLogs
from shared.digests import canonical_json
from shared.domains.exercises.catalogue import catalogue_id
from shared.postgres import Connection, Pool, create_pool
from tests.eventually import eventually
from tests.system.coach.world import START, World

BENCH = catalogue_id("bench-press-barbell")


class ListeningMemory(Memory):
    """Knows from which versions on it was asked for events: 0 is a whole history."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.asked: list[int] = []

    async def since(self, account: UUID, version: int) -> Remembered:
        self.asked.append(version)
        return await super().since(account, version)


@pytest.fixture
async def api(world: World) -> AsyncIterator[Pool]:
    async with await create_pool(world.settings.database_url_coach, role=API_ROLE, min_size=0) as pool:
        yield pool


@pytest.fixture
async def worker(world: World) -> AsyncIterator[Pool]:
    async with await create_pool(world.settings.database_url_coach, role=WORKER_ROLE, min_size=0) as pool:
        yield pool


@pytest.fixture
async def trained(world: World, connection: Connection) -> tuple[UUID, UUID]:
    """A user with enough sets, on one device, whose log the worker has packed."""
    user, device = uuid4(), uuid4()
    for back in range(WORTH_PACKING // 50):
        at = START - timedelta(weeks=back + 2)
        await world.publish(*world.workout(user, device, at, *[(BENCH, 100 - back, 5)] * 50))
    await eventually(partial(is_packed, connection, user, len(world.feeds.events[device])))
    return user, device


async def is_packed(connection: Connection, user: UUID, events: int) -> bool:
    there = await connection.fetchval("SELECT count(*) FROM memory_events WHERE user_id = $1", user)
    query = "SELECT count(*) FROM trainees JOIN packed_logs USING (user_id, version) WHERE user_id = $1"
    return bool(there == events and await connection.fetchval(query, user))


async def remembered(connection: Connection, user: UUID, events: int) -> bool:
    return bool(await connection.fetchval("SELECT count(*) FROM memory_events WHERE user_id = $1", user) == events)


async def read(api: Pool, user: UUID) -> list[int]:
    """From which versions on a fresh process asks for events, when what it tells equals what the history does."""
    memory = ListeningMemory(api)
    unpacked = await Logs(memory, entities=0, packed=PackedLogs(api)).of(user)
    folded = await Logs(Memory(api), entities=0).of(user)
    for name in ("profile", "workouts", "sets", "measurements", "weeks", "records", "goals"):
        assert getattr(unpacked, name) == getattr(folded, name), name
    return memory.asked


async def test_a_fresh_process_reads_the_packed_log_and_what_came_since(
    world: World, api: Pool, connection: Connection, trained: tuple[UUID, UUID]
) -> None:
    user, device = trained
    version = await connection.fetchval("SELECT version FROM packed_logs WHERE user_id = $1", user)
    assert await read(api, user) == [version]

    await world.publish(*world.workout(user, device, START, (BENCH, 140, 1)))
    await eventually(partial(remembered, connection, user, len(world.feeds.events[device])))
    asked = await read(api, user)
    assert len(asked) == 1
    assert asked[0] > 0


async def test_a_process_that_unpacked_a_log_follows_what_comes(
    world: World, api: Pool, connection: Connection, trained: tuple[UUID, UUID]
) -> None:
    user, device = trained
    memory = ListeningMemory(api)
    logs = Logs(memory, entities=10_000, packed=PackedLogs(api))
    await logs.of(user)
    await world.publish(*world.workout(user, device, START, (BENCH, 140, 1)))
    await eventually(partial(remembered, connection, user, len(world.feeds.events[device])))
    added = await logs.of(user)
    assert added.sets == (await Logs(Memory(api), entities=0).of(user)).sets
    assert 0 not in memory.asked

    edited = added.sets[0].set_id
    await world.publish(world.record(user, device, "SetCorrected", START, set_id=edited, reps=11))
    await eventually(partial(remembered, connection, user, len(world.feeds.events[device])))
    corrected = await logs.of(user)
    assert memory.asked[-1] == 0
    assert corrected.sets == (await Logs(Memory(api), entities=0).of(user)).sets
    assert next(row.reps for row in corrected.sets if row.set_id == edited) == 11


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE packed_logs SET content = $2, shape = '0-other' WHERE user_id = $1",
        "UPDATE packed_logs SET content = substr($2::bytea, 2) WHERE user_id = $1",
        """
        WITH cut AS (UPDATE trainees SET version = version + 1, cut_version = version + 1 WHERE user_id = $1)
        UPDATE packed_logs SET content = $2 WHERE user_id = $1
        """,
        "DELETE FROM packed_logs WHERE user_id = $1 OR content = $2",
    ],
    ids=["another shape", "unreadable", "cut since", "gone"],
)
async def test_where_the_packed_log_is_of_no_use_the_history_is_folded(
    api: Pool, connection: Connection, trained: tuple[UUID, UUID], damage: str
) -> None:
    user, _ = trained
    await connection.execute(damage, user, packed(Rows()))
    await read(api, user)


async def test_a_log_of_another_shape_is_packed_again(
    api: Pool, worker: Pool, connection: Connection, trained: tuple[UUID, UUID]
) -> None:
    user, _ = trained
    await connection.execute("UPDATE packed_logs SET shape = '0-other' WHERE user_id = $1", user)
    kept = await Logs(Memory(worker), entities=0).versioned(user)
    await pack(PackedLogs(worker), user, kept)
    assert await read(api, user) == [kept.version]


async def test_what_was_folded_before_a_cut_is_not_kept(
    worker: Pool, connection: Connection, trained: tuple[UUID, UUID]
) -> None:
    user, _ = trained
    kept = await Logs(Memory(worker), entities=0).versioned(user)
    await connection.execute("DELETE FROM packed_logs WHERE user_id = $1", user)
    await connection.execute(
        "UPDATE trainees SET version = version + 1, cut_version = version + 1 WHERE user_id = $1", user
    )
    await pack(PackedLogs(worker), user, kept)
    query = "SELECT version FROM packed_logs WHERE user_id = $1 AND shape = $2"
    assert await connection.fetchval(query, user, SHAPE) != kept.version


async def test_a_merge_joins_what_is_packed_with_what_it_brings(
    world: World, api: Pool, connection: Connection, trained: tuple[UUID, UUID]
) -> None:
    user, device = trained
    anonymous, phone = uuid4(), uuid4()
    brought = world.workout(anonymous, phone, START - timedelta(days=400), *[(BENCH, 60, 12)] * 3)
    await world.publish(*brought)
    await eventually(partial(remembered, connection, anonymous, len(brought)))
    await world.say("UserMerged", user_id=user, merge_id=uuid4(), from_user_id=anonymous)
    everything = len(world.feeds.events[device]) + len(brought)
    await eventually(partial(remembered, connection, user, everything))
    assert 0 not in await read(api, user)
    log = await Logs(Memory(api), entities=0, packed=PackedLogs(api)).of(user)
    assert {row.reps for row in log.sets} == {5, 12}
    assert canonical_json(log.sets[0].content()).count("60")


async def test_a_packed_log_is_erased_with_its_user_and_stays_away(
    world: World, worker: Pool, connection: Connection, trained: tuple[UUID, UUID]
) -> None:
    user, _ = trained
    kept = await Logs(Memory(worker), entities=0).versioned(user)
    await world.say("UserErased", user_id=user, erasure_id=uuid4(), merged_user_ids=[])

    async def erased() -> bool:
        return bool(await connection.fetchval("SELECT erasure_id FROM users WHERE user_id = $1", user))

    await eventually(erased)
    await pack(PackedLogs(worker), user, kept)
    assert await connection.fetchval("SELECT count(*) FROM packed_logs WHERE user_id = $1", user) == 0
