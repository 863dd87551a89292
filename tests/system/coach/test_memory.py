"""The training memory equals the event store, whatever Kafka does."""

import os
from uuid import UUID, uuid4

from services.coach.store.identity import Identity
from shared.domains.exercises.catalogue import catalogue_id
from shared.kafka import CORRELATION, Outgoing
from shared.postgres import Connection, create_pool
from shared.topics import EVENTS, IDENTITY
from tests.eventually import eventually
from tests.system.coach.world import START, World

BENCH = catalogue_id("bench-press-barbell")
CONVERSATION = """
INSERT INTO conversations (conversation_id, user_id, title, created_at, updated_at)
VALUES ($1, $2, 'late', now(), now())
"""


async def remembered(connection: Connection, user: UUID) -> list[UUID]:
    rows = await connection.fetch("SELECT event_id FROM memory_events WHERE user_id = $1", user)
    return sorted(row["event_id"] for row in rows)


async def test_published_events_are_remembered_once(world: World, connection: Connection) -> None:
    user, device = uuid4(), uuid4()
    events = world.workout(user, device, START, (BENCH, 100, 5))

    await world.publish(*events)
    await world.publish(*events)

    async def all_there() -> bool:
        return await remembered(connection, user) == sorted(event.event_id for event in events)

    await eventually(all_there)
    assert await connection.fetchval("SELECT count FROM applied WHERE device_id = $1", device) == len(events)


async def test_a_hole_and_what_never_was_published_come_from_the_feed(world: World, connection: Connection) -> None:
    user, device, silent = uuid4(), uuid4(), uuid4()
    events = world.workout(user, device, START, (BENCH, 100, 5), (BENCH, 100, 4))
    lost = world.workout(user, silent, START, (BENCH, 60, 12))

    await world.publish(events[0], events[3], events[2])

    async def all_there() -> bool:
        return await remembered(connection, user) == sorted(event.event_id for event in events + lost)

    await eventually(all_there)


async def test_a_merge_moves_what_was_and_what_still_comes(world: World, connection: Connection) -> None:
    anonymous, account, phone, second = uuid4(), uuid4(), uuid4(), uuid4()
    before = world.workout(anonymous, phone, START, (BENCH, 100, 5))
    await world.publish(*before)
    await world.say("UserMerged", user_id=account, merge_id=uuid4(), from_user_id=anonymous)
    after = world.workout(anonymous, second, START, (BENCH, 90, 5))
    await world.publish(*after)

    async def all_there() -> bool:
        return await remembered(connection, account) == sorted(event.event_id for event in before + after)

    await eventually(all_there)
    assert await remembered(connection, anonymous) == []


async def test_chains_of_merges_end_in_one_account_in_any_order(world: World, connection: Connection) -> None:
    first, second, account, phone = uuid4(), uuid4(), uuid4(), uuid4()
    events = world.workout(first, phone, START, (BENCH, 100, 5))
    await world.say("UserMerged", user_id=account, merge_id=uuid4(), from_user_id=second)
    await world.publish(*events)
    await world.say("UserMerged", user_id=second, merge_id=uuid4(), from_user_id=first)

    async def all_there() -> bool:
        return await remembered(connection, account) == sorted(event.event_id for event in events)

    await eventually(all_there)


async def test_an_erased_user_stays_forgotten(world: World, connection: Connection) -> None:
    user, alias, late, phone = uuid4(), uuid4(), uuid4(), uuid4()
    await world.publish(*world.workout(user, phone, START, (BENCH, 100, 5)))
    await world.say("UserErased", user_id=user, erasure_id=uuid4(), merged_user_ids=[alias])
    await world.publish(*world.workout(user, phone, START, (BENCH, 100, 5)))
    await world.publish(*world.workout(alias, uuid4(), START, (BENCH, 100, 5)))
    last = world.workout(late, uuid4(), START, (BENCH, 100, 5))
    await world.publish(*last)
    await world.say("UserMerged", user_id=user, merge_id=uuid4(), from_user_id=late)

    async def all_gone() -> bool:
        merged = await connection.fetchval("SELECT merged_into FROM users WHERE user_id = $1", late)
        applied = await connection.fetchval("SELECT sequence FROM applied WHERE device_id = $1", phone)
        return bool(merged == user and applied == 6)

    await eventually(all_gone)
    assert [await remembered(connection, id) for id in (user, alias, late)] == [[], [], []]


async def test_what_was_written_in_the_moment_of_a_merge_or_an_erasure_follows_it(
    world: World, connection: Connection
) -> None:
    # given a user who was merged and one who was erased
    account, merged, erased = uuid4(), uuid4(), uuid4()
    await world.say("UserMerged", user_id=account, merge_id=uuid4(), from_user_id=merged)
    await world.say("UserErased", user_id=erased, erasure_id=uuid4(), merged_user_ids=[])

    async def both_known() -> bool:
        query = "SELECT count(*) FROM users WHERE user_id = ANY($1)"
        return bool(await connection.fetchval(query, [merged, erased]) == 2)

    await eventually(both_known)
    # when requests that began before write for both, and the worker looks after it
    for user in (merged, erased):
        await connection.execute(CONVERSATION, uuid4(), user)
    async with await create_pool(world.settings.database_url_coach, min_size=0) as pool:
        await Identity(pool).settle()
    # then the one is the account's, and the other is gone
    query = "SELECT user_id FROM conversations WHERE user_id = ANY($1)"
    rows = await connection.fetch(query, [account, merged, erased])
    assert [row["user_id"] for row in rows] == [account]


async def test_a_record_that_is_junk_all_over_blocks_nothing(world: World, connection: Connection) -> None:
    junk, user = b'{"event_type": "\\u0000", "and": "%s"}' % os.urandom(500_000).hex().encode(), uuid4()
    await world.publisher.publish(IDENTITY, [Outgoing(str(user).encode(), junk, ((CORRELATION, b"\0"),))])
    await world.say("UserErased", user_id=user, erasure_id=uuid4(), merged_user_ids=[])

    async def all_said() -> bool:
        parked = await connection.fetchval("SELECT count(*) FROM dead_letters WHERE value = $1", junk)
        return bool(parked) and not await connection.fetchval("SELECT count(*) FROM outbox")

    await eventually(all_said)


async def test_a_record_that_is_no_event_blocks_nothing(world: World, connection: Connection) -> None:
    user, device = uuid4(), uuid4()
    events = world.workout(user, device, START, (BENCH, 100, 5))
    await world.publisher.publish(EVENTS, [Outgoing(str(device).encode(), b"\xff not json")])
    await world.publish(*events)

    async def parked() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM dead_letters WHERE value = $1", b"\xff not json"))

    await eventually(parked)

    async def all_there() -> bool:
        return await remembered(connection, user) == sorted(event.event_id for event in events)

    await eventually(all_there)
