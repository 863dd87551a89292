"""Locks between processes that end with the process that holds them, on every platform: SQLite's own."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

_PAUSE = 0.05


class Busy(Exception):
    """Another process holds the lock and does not let go in time."""

    def __init__(self, path: Path, patience_s: float) -> None:
        super().__init__(f"another process has held {path.name} for {patience_s:.0f} s")


@asynccontextmanager
async def locked(path: Path, patience_s: float = 30) -> AsyncIterator[None]:
    """Holds the lock.

    Raises:
        Busy: when another process held it for all of `patience_s`.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        give_up = time.monotonic() + patience_s
        while not _taken(connection):
            if time.monotonic() > give_up:
                raise Busy(path, patience_s)
            await asyncio.sleep(_PAUSE)
        yield


def _taken(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


@contextmanager
def held_while(path: Path, patience_s: float = 30) -> Iterator[None]:
    """The same for work of milliseconds, in which nobody waits for anything else.

    Raises:
        Busy
    """
    with closing(sqlite3.connect(path, timeout=patience_s, isolation_level=None)) as connection:
        if not _taken(connection):
            raise Busy(path, patience_s)
        yield
