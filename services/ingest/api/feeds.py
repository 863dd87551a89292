"""The feeds for the other services: heads, ranges, and everything."""

import re
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response
from fastapi.responses import StreamingResponse

from services.ingest.api.context import Configured, Store, own_connection
from services.ingest.store.epochs import server_epoch
from services.ingest.store.feeds import Feeds
from shared.errors import InvalidRequest
from shared.exports import JSON_LINES
from shared.feeds import Heads
from shared.http import Cursor, InternalLimit, encode_cursor, read_cursor
from shared.policy import service_only
from shared.postgres import Connection
from shared.values import MAX_INTEGER

router = APIRouter(prefix="/internal", tags=["internal"], dependencies=[Depends(service_only)])

LAST_ID = UUID(int=2**128 - 1)
SHARD = re.compile(r"^(\d{1,5})/(\d{1,5})$")


@router.get("/heads")
async def heads(
    store: Store,
    cursor: Cursor = None,
    limit: InternalLimit = 1_000,
    device_id: UUID | None = None,
    user_id: Annotated[list[UUID] | None, Query()] = None,
) -> Heads:
    """The last accepted sequence and the event digest of every device that has events, of one, or of all of one user's,
    who may be named by several ids."""
    feeds = Feeds(store)
    epoch = await server_epoch(store)
    if user_id:
        return Heads(server_epoch=epoch, heads=await feeds.heads_of(user_id), next_cursor=None)
    first = device_id or _after(cursor)
    found = await feeds.heads(first, device_id or LAST_ID, limit) if first else []
    more = device_id is None and len(found) == limit
    return Heads(server_epoch=epoch, heads=found, next_cursor=encode_cursor(str(found[-1].device_id)) if more else None)


def _after(cursor: str | None) -> UUID | None:
    """The id after the cursor's; None at the end of all ids."""
    last = read_cursor(cursor, UUID)
    if last is None:
        return UUID(int=0)
    return UUID(int=last.int + 1) if last < LAST_ID else None


@router.get("/events")
async def events(
    store: Store,
    device_id: UUID,
    first: Annotated[int, Query(alias="from", ge=0, le=MAX_INTEGER)] = 1,
    last: Annotated[int, Query(alias="to", ge=0, le=MAX_INTEGER)] = MAX_INTEGER,
    limit: InternalLimit = 2_000,
) -> Response:
    """A device's accepted events of a range, both ends included, as JSON lines in order."""
    return Response(await Feeds(store).range(device_id, first, last, limit), media_type=JSON_LINES)


@router.get("/snapshot")
async def snapshot(settings: Configured, shard: str = "0/1") -> StreamingResponse:
    """All events of the devices of shard `i/n` (i from 0 to n - 1) as JSON lines, by device and sequence."""
    given = SHARD.match(shard)
    if given is None or not int(given[1]) < int(given[2]):
        raise InvalidRequest("shard: must be i/n, i from 0 to n - 1", field="shard")
    connection = await own_connection(settings)
    return _streamed(connection, Feeds(connection).snapshot(int(given[1]), int(given[2])))


@router.post("/snapshot")
async def snapshot_of_devices(
    settings: Configured, devices: Annotated[list[UUID], Body(embed=True)]
) -> StreamingResponse:
    """All events of these devices as JSON lines, by device and sequence."""
    connection = await own_connection(settings)
    return _streamed(connection, Feeds(connection).of_devices(devices))


def _streamed(connection: Connection, pages: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(_until_end(connection, pages), media_type=JSON_LINES)


async def _until_end(connection: Connection, pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for page in pages:
            yield page
    finally:
        connection.terminate()
