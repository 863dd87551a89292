"""A user's row is the lock of all that is theirs, also while merges change whose that is."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.projector.consumers import Consumers
from services.projector.store import identity, refreshing
from services.projector.store.batch import ProjectorStore
from services.projector.store.users import lock, lock_owners
from services.projector.views import whole
from services.projector.views.row import Row
from shared.fold import State, fold
from shared.following import Follower
from shared.identity import UserMerged
from tests.histories import START, history
from tests.system.projector.looking import apply, expected, rows

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


def merged(number: int, from_user_id: UUID, user_id: UUID) -> UserMerged:
    return UserMerged(number=number, occurred_at=START, user_id=user_id, merge_id=uuid4(), from_user_id=from_user_id)


async def locked_elsewhere(pool: Pool, user_id: UUID) -> bool:
    async with pool.acquire() as connection:
        try:
            await connection.execute("SELECT FROM users WHERE user_id = $1 FOR UPDATE NOWAIT", user_id)
        except asyncpg.LockNotAvailableError:
            return True
        return False


async def test_users_and_whom_they_were_merged_into_are_locked(pool: Pool) -> None:
    phone, account, other = uuid4(), uuid4(), uuid4()
    async with pool.acquire() as connection, connection.transaction():
        await lock(connection, {phone, account, other})
        await connection.execute("INSERT INTO aliases VALUES ($1, $2)", phone, account)

    async with pool.acquire() as connection, connection.transaction():
        assert await lock_owners(connection, {phone, other}) == {phone: account, other: other}
        assert [await locked_elsewhere(pool, user) for user in (phone, account, other)] == [True] * 3


async def test_a_merge_that_comes_while_the_lock_is_waited_for_is_seen(pool: Pool) -> None:
    # given a merge that holds the user's row
    phone, account = uuid4(), uuid4()
    async with pool.acquire() as merging, pool.acquire() as batch:
        merge = merging.transaction()
        await merge.start()
        await lock(merging, {phone, account})
        async with batch.transaction():
            # when a batch asks for the user's owner, and the merge is committed then
            asking = asyncio.create_task(lock_owners(batch, {phone}))
            await asyncio.sleep(0.2)
            assert not asking.done()
            await merging.execute("INSERT INTO aliases VALUES ($1, $2)", phone, account)
            await merge.commit()
            # then the batch has the new owner, locked
            assert await asking == {phone: account}
            assert await locked_elsewhere(pool, account)


async def test_a_merge_whose_rows_cannot_be_made_stops_nobody(
    pool: Pool, parking: ProjectorStore, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a phone and an account whose rows together cannot be made anew, and another pair
    people = [history(seed, events=60, devices=1) for seed in (811, 812, 813, 814)]
    for person in people:
        await apply(parking, person.received)
    phone, account, other, into = (person.user_id for person in people)
    bad = next(iter(fold(event.recorded() for event in people[0].received)))
    consumers = Consumers(parking, parking, follower)

    def failing(state: State) -> Mapping[str, Iterable[Row]]:
        if bad in state:
            raise ValueError("cannot be folded")
        return whole(state)

    with monkeypatch.context() as broken:
        broken.setattr(refreshing, "whole", failing)
        # when both merges are heard
        await consumers.hear(merged(1, phone, account))
        await consumers.hear(merged(2, other, into))
        # then one is settled, the other stays as it was, also when it is tried again, and both are known
        await consumers.settle()
        assert await rows(parking, into) == expected([*people[2].received, *people[3].received])
        assert await rows(parking, phone) == expected(people[0].received)
        async with pool.acquire() as connection, connection.transaction():
            assert await lock_owners(connection, {phone, other}) == {phone: account, other: into}

    # and after a repair the rows are moved
    await consumers.settle()
    assert await rows(parking, account) == expected([*people[0].received, *people[1].received])
    assert not any((await rows(parking, phone)).values())


@pytest.mark.parametrize("erased", ["phone", "account"])
async def test_the_erased_own_nothing(pool: Pool, erased: str) -> None:
    phone, account = uuid4(), uuid4()
    gone = phone if erased == "phone" else account
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("INSERT INTO aliases VALUES ($1, $2)", phone, account)
        await identity.erase(connection, uuid4(), {gone})

    async with pool.acquire() as connection, connection.transaction():
        assert await lock_owners(connection, {phone}) == {}
