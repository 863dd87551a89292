"""Hears from PostgreSQL that rows have changed, so that who waits for that need not ask again and again."""

import asyncio
import contextlib

from services.projector.store.users import CHANGED
from shared.postgres import AWAY, NOT_MADE, STATEMENT_TIMEOUT_MS, connect
from shared.telemetry import log

RETRY_SECONDS = 1.0
ASK_SECONDS = 30.0


class Changes:
    """Listens on a connection of its own, from the first wait on. Changes are missed while there is none: who waits
    looks for itself now and then."""

    def __init__(self, url: str, *, role: str | None = None) -> None:
        self._url = url
        self._role = role
        self._listening: asyncio.Task[None] | None = None
        self._next: asyncio.Future[None] | None = None

    def next(self) -> "asyncio.Future[None]":
        """Done at the next commit that changes rows, whoever's. Taken before looking, it misses none."""
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="changes")
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().create_future()
        return self._next

    async def _listen(self) -> None:
        """Until the connection ends; with a pause before the next one, for a database that is away."""
        ended = asyncio.Event()
        try:
            connection = await connect(self._url, role=self._role, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
            try:
                connection.add_termination_listener(lambda _: ended.set())
                await connection.add_listener(CHANGED, self._hear)
                while True:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(ended.wait(), ASK_SECONDS)
                    await connection.execute("SELECT")  # a host that has vanished does not say that it is gone
            finally:
                connection.terminate()
        except (*AWAY, *NOT_MADE) as error:
            log().warning("changes_not_heard", error=repr(error))
        await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, *_: object) -> None:
        if self._next is not None and not self._next.done():
            self._next.set_result(None)

    async def close(self) -> None:
        """Listens no more."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
