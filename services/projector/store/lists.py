"""Lists of view rows, page by page, by a key that follows the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.projector.store.reading import Reading

Filter = tuple[str, Any]


@dataclass(frozen=True)
class Listing:
    """How a table is listed: `order` are its columns with their types, and `newest_first` turns all of them around.

    `identity` is the column with the id of the entity that a row is about.
    """

    table: str
    order: tuple[tuple[str, str], ...]
    newest_first: bool = False
    identity: str = "NULL::uuid"

    def statement(self, given: Sequence[str], after: bool) -> str:
        """The query of one page: `given` are conditions whose parameters come first, then the position, the limit."""
        names = ", ".join(name for name, _ in self.order)
        used = len(given)
        conditions = [condition.replace("$", f"${number}") for number, condition in enumerate(given, 1)]
        if after:
            place = ", ".join(f"${used + number}::text::{kind}" for number, (_, kind) in enumerate(self.order, 1))
            conditions.append(f"({names}) {'<' if self.newest_first else '>'} ({place})")
            used += len(self.order)
        where = " AND ".join(["user_id = nullif(current_setting('app.user_id'), '')::uuid", *conditions])
        order = ", ".join(f"{name} {'DESC' if self.newest_first else 'ASC'}" for name, _ in self.order)
        return (
            f"SELECT content, {self.identity}, {names} FROM {self.table} WHERE {where} "  # noqa: S608  (names of declared tables)
            f"ORDER BY {order} LIMIT ${used + 1}"
        )


@dataclass(frozen=True, slots=True)
class ContentPage:
    """Stored rows as JSON texts with their entity's id, and the place of the last one where more follow."""

    contents: list[tuple[str, UUID | None]]
    next_place: list[Any] | None


async def page(
    reading: Reading, listing: Listing, filters: Sequence[Filter], after: Sequence[Any] | None, limit: int
) -> ContentPage:
    """One page. `filters` are `(condition, value)`; a condition names its parameter `$`."""
    statement = listing.statement([condition for condition, _ in filters], after is not None)
    rows = await reading.rows(statement, *(value for _, value in filters), *map(str, after or ()), limit + 1)
    more = len(rows) > limit
    shown = rows[:limit]
    return ContentPage([(row[0], row[1]) for row in shown], list(shown[-1])[2:] if more else None)
