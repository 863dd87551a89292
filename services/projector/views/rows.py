"""How rows of views are written and read: set-based, whatever the view."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from services.projector.views.row import Row
from services.projector.views.text import text_of
from services.projector.views.writes import Statement
from shared.following import batched
from shared.postgres import Connection

ROWS_AT_ONCE = 5_000
Scope = Collection[tuple[Any, ...]]
RowType = TypeVar("RowType")
# Rows by table and key, as far as one batch has made them.
Known: TypeAlias = dict[str, dict[tuple[Any, ...], Any]]


def values(table: Table, user_id: UUID, row: Row) -> tuple[Any, ...]:
    """A row as its table takes it."""
    return (user_id, *_reader(table)(row), text_of(row))


async def generation_of(connection: Connection) -> str:
    """The generation that the transaction has entered: the types of rows are its own."""
    return str(await connection.fetchval("SELECT current_schema()"))


async def replace(
    connection: Connection,
    generation: str,
    table: Table,
    by: Sequence[str],
    scope: Scope,
    rows: Iterable[tuple[UUID, Row]],
) -> None:
    """Makes the rows of a scope exactly these: `scope` holds the values of the columns `by`, whose first is the user.

    Rows that stay as they are are not written. Those of a whole life are put into text beside the loop.
    """
    for query, arguments in await asyncio.to_thread(replacing, generation, table, by, scope, rows):
        await connection.execute(query, *arguments)


def replacing(
    generation: str,
    table: Table,
    by: Sequence[str],
    scope: Scope,
    rows: Iterable[tuple[UUID, Row]],
    known: Known | None = None,
) -> Sequence[Statement]:
    """The statements that do so, each of other rows. What they write is kept in `known`, to be read."""
    if not scope:
        return ()
    written = list(rows)
    new = [values(table, user_id, row) for user_id, row in written]
    size = len(table.primary_key.columns)
    keys = [made[:size] for made in new]
    if known is not None:
        known.setdefault(table.name, {}).update(zip(keys, (row for _, row in written), strict=True))
    statements: list[Statement] = []
    left = _left(table, by, scope, keys)
    if left:
        columns = list(zip(*keys, strict=True)) if keys else [()] * size
        if list(by) == ["user_id"] and len(left) == 1:
            statements.append((_delete_of_user_statement(table), (*next(iter(left)), *columns)))
        else:
            statements.append((_delete_statement(table, tuple(by)), (*zip(*left, strict=True), *columns)))
    # Those of a whole life may be too many for the time that one statement has.
    statements += [(_upsert_statement(generation, table), (some,)) for some in batched(new, ROWS_AT_ONCE)]
    return statements


def _left(table: Table, by: Sequence[str], scope: Scope, keys: Sequence[tuple[Any, ...]]) -> Scope:
    """As much of the scope as may hold rows to delete: nothing where it names just the rows that are written."""
    if list(by) != [column.name for column in table.primary_key.columns]:
        return scope
    written = set(keys)
    return [one for one in scope if one not in written]


def putting(generation: str, table: Table, rows: Sequence[tuple[UUID, Row]]) -> Statement:
    """The statement that writes rows, in the place of those with the same keys."""
    return _upsert_statement(generation, table), ([values(table, user_id, row) for user_id, row in rows],)


async def rows_of(
    connection: Connection,
    table: Table,
    row_type: type[RowType],
    by: Sequence[str],
    scope: Scope,
    known: Known | None = None,
) -> list[tuple[UUID, RowType]]:
    """The stored rows of a scope as `(user, row)`; those in `known` need not be read from their JSON form."""
    if not scope:
        return []
    parse = _parser(row_type)
    at_hand = {} if known is None else known.get(table.name, {})
    found: list[tuple[UUID, RowType]] = []
    for record in await connection.fetch(_select_statement(table, tuple(by)), *zip(*scope, strict=True)):
        *key, content = record
        row = at_hand.get(tuple(key))
        found.append((key[0], parse(content) if row is None else row))
    return found


async def rows_by(
    connection: Connection, row_type: type[RowType], query: str, *arguments: Any
) -> list[tuple[UUID, RowType]]:
    """The stored rows that a view's own query finds, which selects `user_id` and `content`."""
    parse = _parser(row_type)
    return [(user_id, parse(content)) for user_id, content in await connection.fetch(query, *arguments)]


_PARSERS: dict[type[Any], Callable[[str], Any]] = {}


def _parser(row_type: type[RowType]) -> Callable[[str], RowType]:
    if row_type not in _PARSERS:
        _PARSERS[row_type] = TypeAdapter(row_type).validate_json
    return _PARSERS[row_type]


@cache
def _reader(table: Table) -> Callable[[Row], tuple[Any, ...]]:
    """What reads the values of a view's own columns; at once where all bear the names of attributes."""
    own = [column for column in table.columns if column.name not in ("user_id", "content")]
    if len(own) > 1 and not any("of" in column.info for column in own):
        return attrgetter(*(column.name for column in own))
    readers = [column.info.get("of") or attrgetter(column.name) for column in own]
    return lambda row: tuple(read(row) for read in readers)


def _type(column: Column[Any]) -> str:
    return column.type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]


def _arrays(columns: Iterable[Column[Any]], start: int = 1) -> str:
    return ", ".join(f"${number}::{_type(column)}[]" for number, column in enumerate(columns, start))


def _matching(left: str, right: str, names: Iterable[str]) -> str:
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in names)


@cache
def _delete_statement(table: Table, by: tuple[str, ...]) -> str:
    scope = [table.columns[name] for name in by]
    return (
        f"DELETE FROM {table.name} t USING unnest({_arrays(scope)}) AS s ({', '.join(by)}) "  # noqa: S608
        f"WHERE {_matching('t', 's', by)} AND {_unwritten(table, len(by) + 1)}"
    )


@cache
def _delete_of_user_statement(table: Table) -> str:
    # Joined with a list of users, the planner would read the whole table where few users have many rows.
    return f"DELETE FROM {table.name} t WHERE t.user_id = $1 AND {_unwritten(table, 2)}"  # noqa: S608


def _unwritten(table: Table, start: int) -> str:
    # A hashed list, where an anti-join would have to be a loop in a loop: these sessions join by keys.
    keys = list(table.primary_key.columns)
    names = ", ".join(f"t.{column.name}" for column in keys)
    return f"({names}) NOT IN (SELECT * FROM unnest({_arrays(keys, start)}))"  # noqa: S608


@cache
def _upsert_statement(generation: str, table: Table) -> str:
    # An array of whole rows is encoded at much less cost than an array for each column.
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key.columns]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest($1::{generation}.{table.name}[]) "  # noqa: S608
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed} "
        f"WHERE {table.name}.content IS DISTINCT FROM excluded.content"
    )


@cache
def _select_statement(table: Table, by: tuple[str, ...]) -> str:
    scope = [table.columns[name] for name in by]
    keys = ", ".join(f"t.{column.name}" for column in table.primary_key.columns)
    return (
        f"SELECT {keys}, t.content FROM unnest({_arrays(scope)}) AS s ({', '.join(by)}) "  # noqa: S608
        f"JOIN {table.name} t ON {_matching('t', 's', by)}"
    )
