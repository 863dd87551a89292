"""What the HTTP side of every service has in common: the app's frame, health, paging."""

import asyncio
import base64
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from shared.errors import DESCRIBED, InvalidRequest, install_problem_documents
from shared.policy import public
from shared.registry import registry
from shared.security import secure
from shared.settings import SharedSettings
from shared.telemetry import CorrelationMiddleware, configure_logging, metrics_endpoint
from shared.tokens import JWKS_PATH, KeySet, RememberingVerifier

Check = Callable[[], Awaitable[bool]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Item = TypeVar("Item")
Place = TypeVar("Place")
CHECK_SECONDS = 3


class Page(BaseModel, Generic[Item]):
    """How every list answers. `next_cursor` is opaque and null at the end."""

    items: list[Item]
    next_cursor: str | None = None


Limit = Annotated[int, Query(ge=1, le=500)]
InternalLimit = Annotated[int, Query(ge=1, le=10_000)]
Cursor = Annotated[str | None, Query(max_length=20_000)]


def encode_cursor(position: Any) -> str:
    """A JSON-ready position as an opaque, URL-safe cursor."""
    return base64.urlsafe_b64encode(to_json(position)).decode().rstrip("=")


def read_cursor(cursor: str | None, read: Callable[[Any], Place]) -> Place | None:
    """What `read` makes of the position in a cursor; it may raise whatever comes of a position of another kind. None at
    the beginning of a list.

    Raises:
        InvalidRequest: for text that no `encode_cursor` made, or a position that cannot be read.
    """
    if cursor is None:
        return None
    try:
        return read(from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidRequest("cursor: is not one that this server gave", field="cursor") from error


def decode_cursor(cursor: str) -> Any:
    """The position in a cursor, whatever it is.

    Raises:
        InvalidRequest: for text that no `encode_cursor` made.
    """
    return read_cursor(cursor, lambda position: position)


def page_of(found: Sequence[Item], limit: int, place: Callable[[Item], Any]) -> Page[Item]:
    """A page of a list of which one row more than a page was asked for, to see whether more follow. `place` is where a
    row stands in the list, JSON-ready."""
    items = list(found[:limit])
    return Page(items=items, next_cursor=encode_cursor(place(items[-1])) if len(found) > limit else None)


def paged(items: Sequence[Item], cursor: str | None, limit: int) -> Page[Item]:
    """A page of a list that is there whole.

    Raises:
        InvalidRequest: for a cursor of another list.
    """
    start = read_cursor(cursor or None, _index) or 0
    end = start + limit
    return Page(items=list(items[start:end]), next_cursor=encode_cursor(end) if end < len(items) else None)


def _index(position: Any) -> int:
    if not isinstance(position, int) or position < 0:
        raise ValueError("is no place in a list")
    return position


def create_service_app(name: str, settings: SharedSettings, lifespan: Lifespan) -> FastAPI:
    """A FastAPI app with problem documents, correlation ids, token verification, metrics and liveness."""
    configure_logging(name, settings.log_level, settings.log_format)
    registry()  # a domain that is named and not there stops the start, and not the first event

    @asynccontextmanager
    async def settled(app: FastAPI) -> AsyncIterator[None]:
        spare_the_collector()
        async with lifespan(app):
            yield

    app = FastAPI(title=f"Hypertrophy {name}", lifespan=settled, docs_url=None, redoc_url=None, responses=DESCRIBED)
    app.state.service_token = settings.service_token.get_secret_value()
    app.state.tokens = RememberingVerifier(
        KeySet(settings.auth_url + JWKS_PATH), issuer=settings.token_issuer, audience=settings.token_audience
    )
    install_problem_documents(app)
    app.add_middleware(CorrelationMiddleware)
    secure(app, settings)
    app.add_api_route("/metrics", metrics_endpoint, include_in_schema=False, dependencies=[Depends(public)])
    return app


def spare_the_collector() -> None:
    """What the imports left is never garbage: looking through it again and again costs pauses of 100 ms. And requests
    and batches make many thousand objects without cycles: looking through them early costs a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


class DirectRoute(APIRoute):
    """Hands its endpoint the request and nothing else, for a path on which FastAPI's own work would be a good part of
    what a small request costs. The dependencies that it declares are documentation: the endpoint sees to them itself.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


def add_health(app: FastAPI, checks: Mapping[str, Check]) -> None:
    """`/health/live` answers while the process runs; `/health/ready` when every check passes, else 503 and which."""

    async def live() -> dict[str, str]:
        return {"status": "alive"}

    async def ready() -> Response:
        return await readiness(checks)

    app.add_api_route("/health/live", live, include_in_schema=False, dependencies=[Depends(public)])
    app.add_api_route("/health/ready", ready, include_in_schema=False, dependencies=[Depends(public)])


async def readiness(checks: Mapping[str, Check]) -> JSONResponse:
    """200 when every check says yes in time, else 503; the body names each."""
    results = {name: await _passes(check) for name, check in checks.items()}
    ready = all(results.values())
    return JSONResponse({"status": "ready" if ready else "not_ready", "checks": results}, 200 if ready else 503)


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception:
        return False  # whatever it was, the part is not ready; it logs its own faults where it works
