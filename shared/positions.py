"""`GET /internal/<service>/positions`: how far a read store is, for whoever compares it with the event store."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from fastapi import Depends, FastAPI

from shared.http import Cursor, InternalLimit, Page, page_of, read_cursor
from shared.policy import service_only
from shared.values import MAX_INTEGER, Strict


class Position(Strict):
    """What a read store has of one device: the last applied sequence, and the digest of everything applied."""

    device_id: UUID
    sequence: int
    count: int
    hash: str


def add_positions(app: FastAPI, service: str, read: Callable[[UUID, int], Awaitable[Sequence[Position]]]) -> None:
    """Adds the route; `read` finds at most so many positions of devices with greater ids, in order of ids."""

    async def positions(cursor: Cursor = None, limit: InternalLimit = 1_000) -> Page[Position]:
        """The applied vector, in order of device ids."""
        return page_of(await read(last_device(cursor), limit + 1), limit, lambda one: one.device_id)

    path = f"/internal/{service}/positions"
    app.add_api_route(path, positions, tags=["internal"], dependencies=[Depends(service_only)])


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
