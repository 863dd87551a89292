"""Cursors: the name of the list that gave it, and the place in it. Opaque to clients."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from shared.errors import InvalidRequest
from shared.http import decode_cursor, encode_cursor

Item = TypeVar("Item")
Place = TypeVar("Place", bound=tuple[Any, ...])
_MOMENT_AND_ID: TypeAdapter[tuple[datetime, UUID]] = TypeAdapter(tuple[AwareDatetime, UUID])
_NAME_AND_ID: TypeAdapter[tuple[str, UUID]] = TypeAdapter(tuple[str, UUID])


class ForeignCursor(InvalidRequest):
    """The cursor is of another list."""

    def __init__(self) -> None:
        super().__init__("cursor: is not one of this list", field="cursor")


def place(cursor: str | None, name: str, size: int) -> Sequence[Any] | None:
    """The place in a cursor of the list of this name, whose order has `size` columns; None at the beginning.

    Raises:
        InvalidRequest: for the cursor of another list, and for what is none.
    """
    if cursor is None:
        return None
    position = decode_cursor(cursor)
    if not isinstance(position, list) or len(position) != size + 1 or position[0] != name:
        raise ForeignCursor
    return position[1:]


def moment_and_id(cursor: str | None, name: str) -> tuple[datetime, UUID] | None:
    """The place in a cursor of a list whose order is that of a time and an id.

    Raises:
        InvalidRequest: for the cursor of another list, and for what is none.
    """
    return _placed(_MOMENT_AND_ID, cursor, name)


def name_and_id(cursor: str | None, name: str) -> tuple[str, UUID] | None:
    """The same of a list whose order is that of a text and an id.

    Raises:
        InvalidRequest: as there.
    """
    return _placed(_NAME_AND_ID, cursor, name)


def _placed(adapter: TypeAdapter[Place], cursor: str | None, name: str) -> Place | None:
    found = place(cursor, name, 2)
    try:
        return None if found is None else adapter.validate_python(found)
    except ValidationError as error:
        raise ForeignCursor from error


def cursor_at(name: str, position: Sequence[Any] | None) -> str | None:
    """The cursor of a place; None at the end of the list."""
    return None if position is None else encode_cursor([name, *position])


def as_json(cursor: str | None) -> str:
    """A cursor as JSON text; its alphabet needs no escapes."""
    return "null" if cursor is None else f'"{cursor}"'


def part_after(
    rows: Sequence[Item], key: Callable[[Item], Place], after: Place | None, name: str, limit: int
) -> tuple[Sequence[Item], str | None]:
    """The page behind a place of a list that is in the order of a key, which no two rows share, and the next cursor."""
    start = 0 if after is None else bisect_right(rows, after, key=key)
    shown = rows[start : start + limit]
    return shown, cursor_at(name, key(shown[-1]) if start + limit < len(rows) else None)


def part(rows: Sequence[Item], name: str, cursor: str | None, limit: int) -> tuple[Sequence[Item], str | None]:
    """A page of a list that is made in one go, and the next cursor."""
    start: Any = (place(cursor, name, 1) or [0])[0]
    if not isinstance(start, int) or start < 0:
        raise ForeignCursor
    end = start + limit
    return rows[start:end], cursor_at(name, [end] if end < len(rows) else None)
