"""A database that is away is no bug: the caller hears 503 and when to come back."""

from fastapi import FastAPI, Request
from fastapi.responses import Response

from shared.errors import Unavailable, problem_response
from shared.postgres import NOT_MADE, PASSING
from shared.telemetry import log


def install_unavailable(app: FastAPI) -> None:
    """Turns passing faults of the store into 503 `unavailable`. Routes that ask other services answer for those."""
    for fault in (*PASSING, *NOT_MADE):
        app.add_exception_handler(fault, _on_fault)


async def _on_fault(request: Request, error: Exception) -> Response:
    log().warning("store_unavailable", path=request.url.path, error=repr(error))
    return problem_response(Unavailable("the coach's store is away for a moment", retry_after=2))
