"""Hears from PostgreSQL that rows have changed, so that who waits for that need not ask again and again."""

import asyncio

import asyncpg

from services.projector.database import AWAY, NOT_MADE
from services.projector.store.users import CHANGED
from shared.postgres import connect
from shared.telemetry import log


class Changes:
    """Listens on a connection of its own, which is opened when somebody first waits. Changes are missed while there is
    none: who waits looks for itself now and then."""

    def __init__(self, url: str, *, role: str | None = None) -> None:
        self._url = url
        self._role = role
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._next: asyncio.Future[None] | None = None

    def next(self) -> "asyncio.Future[None]":
        """Done at the next commit that changes rows, whoever's. Taken before looking, it misses none."""
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().create_future()
        return self._next

    async def listen(self) -> None:
        """Listens from now on; where the database is away, the next call tries again."""
        async with self._opening:
            if self._connection is not None and not self._connection.is_closed():
                return
            try:
                self._connection = await connect(self._url, role=self._role)
                await self._connection.add_listener(CHANGED, self._hear)
            except (*AWAY, *NOT_MADE) as error:
                log().warning("changes_not_heard", error=repr(error))

    def _hear(self, *_: object) -> None:
        if self._next is not None and not self._next.done():
            self._next.set_result(None)

    def close(self) -> None:
        """Listens no more."""
        if self._connection is not None:
            self._connection.terminate()
