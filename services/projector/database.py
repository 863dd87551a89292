"""A pool that is opened when it is first needed, so that an app may start before its database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Unavailable
from shared.postgres import AWAY, NOT_MADE, Connection, Pool, create_pool
from shared.telemetry import log


class LazyPool:
    """`acquire` opens the pool, and answers 503 where the database is away or busy for too long.

    Who acquires leaves no state in the session: settings are those of a transaction.
    """

    def __init__(self, url: str, *, role: str | None = None, max_size: int = 8) -> None:
        self._url = url
        self._role = role
        self._max_size = max_size
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A connection.

        Raises:
            Unavailable: when there is none within 5 s.
        """
        try:
            pool = await self._opened()
            connection = await pool.acquire(timeout=5)
        except (*AWAY, *NOT_MADE) as error:
            log().warning("database_away", error=repr(error))
            raise Unavailable("the database cannot be reached") from error
        try:
            yield connection
        except (*AWAY, *NOT_MADE) as error:
            log().warning("database_lost", error=repr(error))
            raise Unavailable("the database went away") from error
        finally:
            await pool.release(connection)

    async def _opened(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await create_pool(self._url, role=self._role, max_size=self._max_size, clean=False)
            return self._pool

    async def answers(self) -> bool:
        """Whether the database can be asked."""
        async with self.acquire() as connection:
            return bool(await connection.fetchval("SELECT true"))

    async def close(self) -> None:
        """Closes what was opened."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()
