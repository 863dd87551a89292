"""The way to PostgreSQL, for tests in which the host at its far end vanishes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import make_url

# Longer than any test waits: one that would wait for ever fails then.
LONGEST_SECONDS = 60


class Wire:
    """Passes on what is said, until the host vanishes: who is connected then hears nothing any more, not even an end.
    Who connects afterwards reaches PostgreSQL, as after a failover. `url` is where to connect."""

    url = ""

    def __init__(self, host: str, port: int) -> None:
        self._end = host, port
        self._vanished = asyncio.Event()
        self._far: list[asyncio.StreamWriter] = []
        # Held on to, because a writer that nobody has is closed.
        self._near: list[asyncio.StreamWriter] = []

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        vanished = self._vanished
        self._near.append(writer)
        far_reader, far_writer = await asyncio.open_connection(*self._end)
        self._far.append(far_writer)
        await asyncio.gather(_pass_on(reader, far_writer, vanished), _pass_on(far_reader, writer, vanished))

    def vanish(self) -> None:
        """Takes the host away: PostgreSQL forgets its sessions, and nobody says so."""
        self._vanished.set()
        self._vanished = asyncio.Event()
        for writer in self._far:
            writer.transport.abort()

    def close(self) -> None:
        """Ends all connections."""
        for writer in self._near + self._far:
            writer.transport.abort()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, vanished: asyncio.Event) -> None:
    with suppress(OSError):
        while (said := await source.read(65_536)) and not vanished.is_set():
            sink.write(said)
            await sink.drain()
    if not vanished.is_set():
        sink.close()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """A wire to the database of this URL."""
    end = make_url(url)
    wire = Wire(str(end.host), end.port or 5432)
    server = await asyncio.start_server(wire.connected, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    wire.url = end.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    ending = asyncio.get_running_loop().call_later(LONGEST_SECONDS, wire.close)
    try:
        yield wire
    finally:
        ending.cancel()
        server.close()
        wire.close()
