"""A user's row is the lock of all that is theirs, also while merges change whose that is."""

import asyncio
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.projector.store import identity
from services.projector.store.users import lock, lock_owners

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


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


@pytest.mark.parametrize("erased", ["phone", "account"])
async def test_the_erased_own_nothing(pool: Pool, erased: str) -> None:
    phone, account = uuid4(), uuid4()
    gone = phone if erased == "phone" else account
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("INSERT INTO aliases VALUES ($1, $2)", phone, account)
        await identity.erase(connection, uuid4(), {gone})

    async with pool.acquire() as connection, connection.transaction():
        assert await lock_owners(connection, {phone}) == {}
