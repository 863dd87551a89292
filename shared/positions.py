"""`GET /internal/<service>/positions`: how far a read store is, for whoever compares it with the event store."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from fastapi import Depends, FastAPI

from shared.following import Applied
from shared.http import Cursor, InternalLimit, Page, encode_cursor, read_cursor
from shared.policy import service_only
from shared.values import MAX_INTEGER, Strict


class Position(Strict):
    """What a read store has of one device: the last applied sequence, and the digest of everything applied."""

    device_id: UUID
    sequence: int
    count: int
    hash: str


def add_positions(app: FastAPI, service: str, applied: Callable[[], Awaitable[Mapping[UUID, Applied]]]) -> None:
    """Adds the route; `applied` reads the applied vector."""

    async def positions(cursor: Cursor = None, limit: InternalLimit = 1_000) -> Page[Position]:
        """The applied vector, in order of device ids."""
        return page_of(await applied(), cursor, limit)

    path = f"/internal/{service}/positions"
    app.add_api_route(path, positions, tags=["internal"], dependencies=[Depends(service_only)])


def page_of(applied: Mapping[UUID, Applied], cursor: str | None, limit: int) -> Page[Position]:
    """One page of the vector."""
    after = last_device(cursor)
    rest = (device for device in sorted(applied) if device > after)
    items = [_position(device, applied[device]) for device in islice(rest, limit)]
    more = len(items) == limit
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].device_id)) if more else None)


def _position(device_id: UUID, at: Applied) -> Position:
    return Position(device_id=device_id, sequence=at.sequence, count=at.digest.count, hash=at.digest.hash)


def last_device(cursor: str | None) -> UUID:
    """The device with which the page before ended; one before all where there was none.

    Raises:
        InvalidRequest
    """
    return read_cursor(cursor, UUID) or UUID(int=0)


def last_event(cursor: str | None) -> tuple[UUID, int]:
    """The device and number of the event with which the page before ended; before all where there was none.

    Raises:
        InvalidRequest
    """
    return read_cursor(cursor, _place) or (UUID(int=0), 0)


def _place(position: Any) -> tuple[UUID, int]:
    device_id, number = position
    if not isinstance(number, int) or not 0 <= number <= MAX_INTEGER:
        raise ValueError("is no number of an event")
    return UUID(device_id), number
