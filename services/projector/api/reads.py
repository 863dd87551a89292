"""What all reads have in common: whose rows, how fresh, in pages, and unchanged since when."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import httpx2
from fastapi import Depends, Header, Request, Response
from pydantic_core import to_json

from services.projector.api.paging import ForeignCursor, as_json, cursor_at, place
from services.projector.store.changes import Changes
from services.projector.store.lists import Filter, Listing, page
from services.projector.store.reading import Readers, Reading
from shared.errors import InvalidRequest, Problem, Unavailable, WrongDevice
from shared.feeds import IngestFeed
from shared.policy import Caller
from shared.tokens import Principal
from shared.views.whole import FOLD_VERSION

_READ_AFTER = re.compile(r"^([0-9a-fA-F-]{36}):([0-9]{1,16})$")
# A change that was not heard is seen after so long all the same.
_UNHEARD_SECONDS = 0.05
_STALE = {"X-Stale": "true"}
_FOLD = hashlib.sha256(FOLD_VERSION.encode()).hexdigest()[:8]


class NotModified(Exception):
    """What the caller holds is what it would get."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


async def not_modified(_: Request, error: Exception) -> Response:
    """The answer to a caller who has it already."""
    assert isinstance(error, NotModified)
    return Response(status_code=304, headers=error.headers)


@dataclass(frozen=True)
class Read:
    """One request's reading, and the headers that its answer carries."""

    reading: Reading
    degraded: frozenset[UUID]
    headers: dict[str, str]

    def answer(self, body: str | bytes) -> Response:
        """JSON text as the answer."""
        return Response(body, media_type="application/json", headers=self.headers)

    def value(self, value: Any) -> Response:
        """Any value as JSON."""
        return self.answer(to_json(value))

    def marked(self, content: str, identity: UUID | None) -> str:
        """A row that says whether an event about it is parked."""
        if identity is None:
            return content
        degraded = "true" if identity in self.degraded else "false"
        return f'{content[:-1]},"degraded":{degraded}}}'

    async def page(self, listing: Listing, filters: Iterable[Filter], cursor: str | None, limit: int) -> Response:
        """One page of a view."""
        after = place(cursor, listing.table, len(listing.order))
        try:
            found = await page(self.reading, listing, list(filters), after, limit)
        except (ValueError, asyncpg.DataError) as error:  # a forged cursor may hold values of other types
            raise ForeignCursor from error
        items = ",".join(self.marked(content, identity) for content, identity in found.contents)
        return self.items(items, cursor_at(listing.table, found.next_place))

    def items(self, items: str, following: str | None) -> Response:
        """One page of items that are JSON already, with commas between them."""
        return self.answer(f'{{"items":[{items}],"next_cursor":{as_json(following)}}}')


Unchanged = Annotated[str | None, Header(alias="If-None-Match")]
ReadAfter = Annotated[str | None, Header(alias="X-Read-After", description="<device_id>:<last_accepted_sequence>")]


async def reading(
    request: Request,
    caller: Caller,
    read_after: ReadAfter = None,
    if_none_match: Unchanged = None,
) -> AsyncIterator[Read]:
    """The caller's rows, once the caller's own writes are in them or two seconds have gone by."""
    async with opened(request, caller, read_after) as read:
        if read.headers["ETag"] in _tags(if_none_match):
            raise NotModified(read.headers)
        yield read


async def fresh_reading(request: Request, caller: Caller, read_after: ReadAfter = None) -> AsyncIterator[Read]:
    """The same for what is never unchanged: it bears no tag."""
    async with opened(request, caller, read_after) as read:
        del read.headers["ETag"]
        yield read


Reads = Annotated[Read, Depends(reading)]
FreshReads = Annotated[Read, Depends(fresh_reading)]


@asynccontextmanager
async def opened(request: Request, caller: Principal, read_after: str | None) -> AsyncIterator[Read]:
    """A reading of the caller's rows for as long as it is held, which takes a connection."""
    readers: Readers = request.app.state.readers
    fresh = read_after is None or await _is_fresh(request, caller, *_parsed(read_after))
    async with readers.of(caller.user_id) as found:
        try:
            yield Read(found, await found.degraded(), _headers(request, found, fresh))
        except Problem as problem:
            # "There is no such workout" means little to one whose own events are not applied yet.
            problem.headers |= {} if fresh else _STALE
            raise


def _tags(if_none_match: str | None) -> set[str]:
    return {tag.strip() for tag in (if_none_match or "").split(",")}


def _headers(request: Request, found: Reading, fresh: bool) -> dict[str, str]:
    """The tag is one of this path and query only: what it is shown with was once answered here, with 200."""
    asked = hashlib.sha256(f"{request.url.path}?{request.url.query}".encode()).hexdigest()[:8]
    headers = {
        "ETag": f'W/"{found.generation}-{_FOLD}-{found.user_id.hex[-8:]}-{found.version}-{asked}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
    }
    return headers if fresh else headers | _STALE


async def _is_fresh(request: Request, caller: Principal, device_id: UUID, sequence: int) -> bool:
    """Whether the caller's own writes are there; waits for them."""
    readers: Readers = request.app.state.readers

    async def has_reached() -> bool:
        at = await readers.device(caller.user_id, device_id)
        if at.owner is not None and at.owner != at.caller and not caller.is_called(at.owner):
            raise WrongDevice("X-Read-After names a device of another user")
        return at.owner == at.caller and at.sequence >= sequence

    return sequence == 0 or await _until(has_reached, request.app.state.changes, request.app.state.read_after_seconds)


async def caught_up(request: Request, caller: Principal) -> None:
    """Waits as long as for one's own writes until all that the event store has of the caller is applied.

    Raises:
        Unavailable: when the event store is away.
    """
    readers: Readers = request.app.state.readers
    try:
        heads = await IngestFeed(request.app.state.ingest).heads_of({caller.user_id, *caller.also})
    except httpx2.HTTPError as error:
        raise Unavailable("the event store cannot be reached") from error

    async def have_reached() -> bool:
        at = [(head, await readers.device(caller.user_id, head.device_id)) for head in heads.values()]
        return all(position.sequence >= head.last_accepted_sequence for head, position in at)

    await _until(have_reached, request.app.state.changes, request.app.state.read_after_seconds)


def _parsed(read_after: str) -> tuple[UUID, int]:
    found = _READ_AFTER.match(read_after)
    try:
        if found:
            return UUID(found[1]), int(found[2])
    except ValueError:
        pass
    raise InvalidRequest("X-Read-After: must be <device_id>:<last_accepted_sequence>", field="X-Read-After")


async def _until(reached: Callable[[], Awaitable[bool]], changes: Changes, seconds: float) -> bool:
    end = asyncio.get_running_loop().time() + seconds
    while True:
        change = changes.next()
        if await reached():
            return True
        left = end - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.wait([change], timeout=min(left, _UNHEARD_SECONDS))
