"""What the routes take from their app, and how they page."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response

from services.auth.desk import Desk
from shared.http import Page, encode_cursor, read_cursor

Item = TypeVar("Item")


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


AtDesk = Annotated[Desk, Depends(_desk)]
Address = Annotated[str, Depends(_address)]


async def uncached(response: Response) -> None:
    """Answers about people and their tokens are nothing for caches."""
    response.headers["Cache-Control"] = "no-store"


def position(cursor: str | None) -> UUID | None:
    """The id after which a page of ids begins.

    Raises:
        InvalidRequest
    """
    return None if cursor is None else read_cursor(cursor, UUID)


def page_of(found: Sequence[Item], limit: int, place: Callable[[Item], UUID]) -> Page[Item]:
    """A page from one row more than it has."""
    items = list(found[:limit])
    return Page(items=items, next_cursor=encode_cursor(str(place(items[-1]))) if len(found) > limit else None)
