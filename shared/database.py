"""Connections for requests: to a database that is there, or the answer that it is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Unavailable
from shared.postgres import NOT_MADE, PASSING, STATEMENT_TIMEOUT_MS, Connection, Pool, close_pool, create_pool
from shared.telemetry import log

WAIT_SECONDS = 5


class Database:
    """A bounded pool, made at first need, so that a process starts without PostgreSQL. Nobody waits longer than 5 s.

    `away` is said while there is no database, or none that is migrated. `max_in_flight` bounds those who have a
    connection or wait for one. Who acquires leaves no state in the session: settings are those of a transaction.
    """

    def __init__(
        self,
        url: str,
        *,
        role: str,
        away: str,
        size: int = 8,
        statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
        max_in_flight: int | None = None,
    ) -> None:
        self._url = url
        self._role = role
        self._away = away
        self._size = size
        self._statement_timeout_ms = statement_timeout_ms
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A connection that the caller has to itself.

        Raises:
            Unavailable: when PostgreSQL is away or too busy; what was not committed is not done then.
        """
        if self._max_in_flight is not None and self._in_flight >= self._max_in_flight:
            raise Unavailable("too many requests at once")
        self._in_flight += 1
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=WAIT_SECONDS) as connection:
                yield connection
        except (*PASSING, *NOT_MADE) as error:
            log().warning("database_unavailable", error=repr(error))
            raise Unavailable(self._away) from error
        finally:
            self._in_flight -= 1

    async def _opened(self) -> Pool:
        if self._pool is None:
            async with self._opening:
                self._pool = self._pool or await create_pool(
                    self._url,
                    role=self._role,
                    min_size=0,
                    max_size=self._size,
                    statement_timeout_ms=self._statement_timeout_ms,
                    clean=False,
                )
        return self._pool

    async def answers(self) -> bool:
        """Whether PostgreSQL can be asked."""
        async with self.acquire() as connection:
            return bool(await connection.fetchval("SELECT true"))

    async def close(self) -> None:
        """Closes what was opened."""
        if self._pool is not None:
            await close_pool(self._pool)
