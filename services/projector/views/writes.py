"""The writes of a batch, made together: what a batch costs the database is above all how often it is asked."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from shared.postgres import Connection

# SQL, and its arguments.
Statement: TypeAlias = tuple[str, tuple[Any, ...]]
_ARGUMENT = re.compile(r"\$(\d+)")


class Writes:
    """Writes that wait until somebody needs to read them, and are then made as one statement.

    The parts of one statement do not see what the others write: so those that wait are of different tables, or, where
    they came together, of different rows.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._waiting: dict[str, Sequence[Statement]] = {}

    async def add(self, table: str, statements: Sequence[Statement]) -> None:
        """Has statements wait that write different rows of a table."""
        await self.make_for(table)
        self._waiting[table] = statements

    async def make_for(self, *tables: str) -> None:
        """Makes what waits, if any of it is of these tables, which are to be read."""
        if not self._waiting.keys().isdisjoint(tables):
            await self.make()

    async def make(self) -> None:
        """Makes what waits."""
        found = [one for statements in self._waiting.values() for one in statements]
        self._waiting = {}
        if found:
            queries, arguments = zip(*found, strict=True)
            query = _together(queries, tuple(map(len, arguments)))
            await self.connection.execute(query, *(one for several in arguments for one in several))


@lru_cache
def _together(queries: tuple[str, ...], counts: tuple[int, ...]) -> str:
    """Statements as one, whose arguments are those of all in order."""
    numbered = [_numbered_from(sum(counts[:place]), query) for place, query in enumerate(queries)]
    *first, last = numbered
    parts = ", ".join(f"w{place} AS ({query})" for place, query in enumerate(first))
    return f"WITH {parts} {last}" if first else last


def _numbered_from(start: int, query: str) -> str:
    return _ARGUMENT.sub(lambda found: f"${start + int(found[1])}", query)
