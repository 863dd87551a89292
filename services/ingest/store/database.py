"""A bounded pool that is there when PostgreSQL is, and says so when it is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Unavailable
from shared.postgres import PASSING, Connection, Pool, create_pool
from shared.telemetry import log


class Database:
    """Connections for requests: at most `max_in_flight` at once, `size` of them at work; none waits longer than 5 s.

    The pool is made at first need, so that a process starts without PostgreSQL.
    """

    def __init__(
        self, url: str, *, role: str | None, size: int = 4, statement_timeout: float = 10, max_in_flight: int = 256
    ) -> None:
        self._url = url
        self._role = role
        self._size = size
        self._statement_timeout = statement_timeout
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection that the caller has to itself.

        Raises:
            Unavailable: when PostgreSQL is away or too busy; nothing is half done then.
        """
        if self._in_flight >= self._max_in_flight:
            raise Unavailable("too many requests at once")
        self._in_flight += 1
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=5) as connection:
                yield connection
        except PASSING as error:
            log().warning("database_unavailable", error=repr(error))
            raise Unavailable("the event store is not available") from error
        finally:
            self._in_flight -= 1

    async def _opened(self) -> Pool:
        if self._pool is None:
            async with self._opening:
                self._pool = self._pool or await create_pool(
                    self._url,
                    role=self._role,
                    max_size=self._size,
                    statement_timeout_ms=int(self._statement_timeout * 1000),
                    clean=False,
                )
        return self._pool

    async def answers(self) -> bool:
        """Whether PostgreSQL answers."""
        async with self.connection() as connection:
            return bool(await connection.fetchval("SELECT true"))

    async def close(self) -> None:
        """Closes the pool; bounded, because PostgreSQL may be gone."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 3)
            except TimeoutError:
                self._pool.terminate()
