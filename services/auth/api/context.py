"""What the routes take from their app."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.auth.desk import Desk


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
