"""Transactions on behalf of one account: row-level security shows the HTTP process's role no other rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from uuid import UUID

from services.coach.store.people import account_of
from shared.postgres import Connection, Pool

ENTER = "SELECT set_config('app.user_id', $1, true)"
ENTER_LOOSELY = "SELECT set_config('app.user_id', $1, true), set_config('synchronous_commit', 'off', true)"


@asynccontextmanager
async def own(
    pool: Pool,
    account: UUID,
    isolation: Literal["read_committed", "repeatable_read"] = "read_committed",
    *,
    lasting: bool = True,
) -> AsyncIterator[Connection]:
    """A transaction that sees what is the account's. One that is not `lasting` may be lost with the machine."""
    async with pool.acquire() as connection, connection.transaction(isolation=isolation):
        await connection.execute(ENTER if lasting else ENTER_LOOSELY, str(account))
        yield connection


@asynccontextmanager
async def own_by_now(pool: Pool, user_id: UUID) -> AsyncIterator[tuple[Connection, UUID]]:
    """The same for the account that a user is by now, who may have been merged since somebody asked; and that account.

    Raises:
        UserErased
    """
    async with pool.acquire() as connection, connection.transaction():
        account = await account_of(connection, user_id)
        await connection.execute(ENTER, str(account))
        yield connection, account
