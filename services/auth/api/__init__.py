"""HTTP in: parse, call one function, answer."""

from typing import Annotated

from fastapi import Depends, Request

from services.auth.desk import Desk


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


AtDesk = Annotated[Desk, Depends(_desk)]
Address = Annotated[str, Depends(_address)]
