"""What devices read back: digests, events behind a vector cursor, and what was refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from pydantic_core import from_json

from services.ingest.api.context import Reader, Store, ids_of
from services.ingest.store.epochs import server_epoch
from services.ingest.store.feeds import line
from services.ingest.store.pull import NOTHING, Pull, Vector
from shared.digests import EMPTY
from shared.envelope import AcceptedEvent
from shared.errors import InvalidRequest, NotFound
from shared.http import Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.positions import last_event
from shared.values import MAX_INTEGER, Moment

router = APIRouter(prefix="/api/v1/sync", tags=["sync"])


class DeviceHash(BaseModel):
    """One device's event digest."""

    device_id: UUID
    last_sequence: int
    count: int
    hash: str


class UserHash(BaseModel):
    """The event digest of a user, and of each of its devices."""

    count: int
    hash: str
    server_epoch: UUID
    devices: list[DeviceHash]


class EventPage(BaseModel):
    """`next_cursor` is always set: ask again with it when there is a reason to."""

    events: list[AcceptedEvent]
    next_cursor: str
    has_more: bool


class QuarantinedEvent(BaseModel):
    """A refused event with the reason. `event` is what was sent, as text where it cannot be repeated as JSON."""

    device_id: UUID
    sequence_number: int
    event_id: UUID
    code: str
    field: str | None
    message: str
    received_at: Moment
    released_at: Moment | None
    event: Any


@router.get("/hash", responses={200: {"model": UserHash}})
async def hash_of_events(
    caller: Reader,
    store: Store,
    device_id: UUID | None = None,
    first: Annotated[int | None, Query(alias="from", ge=0, le=MAX_INTEGER)] = None,
    last: Annotated[int | None, Query(alias="to", ge=0, le=MAX_INTEGER)] = None,
) -> dict[str, Any]:
    """The user's event digests; with `device_id`, the one of a range of that device."""
    pull = Pull(store)
    devices = await pull.devices(ids_of(caller))
    if device_id is not None:
        if device_id not in {device.device_id for device in devices} | {caller.device_id}:
            raise NotFound("no such device")
        first, last = 1 if first is None else first, MAX_INTEGER if last is None else last
        digest = await pull.range_digest(device_id, first, last)
        return {"device_id": device_id, "from": first, "to": last, "count": digest.count, "hash": digest.hash}
    if first is not None or last is not None:
        raise InvalidRequest("device_id: is needed with from and to", field="device_id")
    total = sum((device.digest for device in devices), start=EMPTY)
    epoch = await server_epoch(store)
    hashes = [
        DeviceHash(
            device_id=one.device_id, last_sequence=one.last_sequence, count=one.digest.count, hash=one.digest.hash
        )
        for one in devices
    ]
    return UserHash(count=total.count, hash=total.hash, server_epoch=epoch, devices=hashes).model_dump()


# Holds a place for each device that the user ever had, and never fails for being long.
Vectors = Annotated[str | None, Query(max_length=100_000)]


@router.get("/events", response_model=EventPage)
async def events(
    caller: Reader,
    store: Store,
    after: Vectors = None,
    since: Moment | None = None,
    limit: Limit = 50,
    exclude_device: UUID | None = None,
) -> Response:
    """The user's events that the cursor has not delivered yet. A device that joins the user starts at its beginning."""
    if after is not None and since is not None:
        raise InvalidRequest("since: cannot be combined with after", field="since")
    pull = Pull(store)
    epoch = await server_epoch(store)
    wanted = {one.device_id: one.last_sequence for one in await pull.devices(ids_of(caller))}
    known = await _known(pull, wanted, epoch, after, since)
    behind = {device: known.get(device, 0) for device, last in wanted.items() if known.get(device, 0) < last}
    if exclude_device is not None:
        behind.pop(exclude_device, None)
    rows = await pull.after(behind, limit) if behind else NOTHING
    delivered = {**known, **{row["device_id"]: row["sequence_number"] for row in rows.shown}}
    return _page(epoch, [row["record"] for row in rows.shown], delivered, has_more=rows.more)


def _page(epoch: UUID, records: Sequence[str], delivered: Vector, *, has_more: bool) -> Response:
    """Written from the stored records as they are, without reading them."""
    cursor = encode_cursor({"epoch": str(epoch), "at": {device.hex: at for device, at in delivered.items() if at}})
    events = b",".join(line(epoch, record) for record in records)
    more = b"true" if has_more else b"false"
    body = b'{"events":[%b],"next_cursor":"%b","has_more":%b}' % (events, cursor.encode(), more)
    return Response(body, media_type="application/json")


async def _known(pull: Pull, wanted: Vector, epoch: UUID, after: str | None, since: datetime | None) -> Vector:
    if since is not None:
        return await pull.since(wanted, since)
    if after is None:
        return {}
    given, vector = _read_cursor(after)
    own = {device: at for device, at in vector.items() if device in wanted}
    return own if given == epoch else await pull.cut(own, given)


def _read_cursor(cursor: str) -> tuple[UUID, Vector]:
    try:
        match decode_cursor(cursor):
            case {"epoch": str(epoch), "at": Mapping() as at}:
                return UUID(epoch), {UUID(device): _position(number) for device, number in at.items()}
            case _:
                raise ValueError("is no cursor of events")
    except (ValueError, InvalidRequest) as error:
        raise InvalidRequest("after: is not a cursor that this server gave", field="after") from error


def _position(number: Any) -> int:
    if not isinstance(number, int) or not 0 <= number <= MAX_INTEGER:
        raise ValueError("is no position")
    return number


@router.get("/quarantine")
async def quarantine(caller: Reader, store: Store, cursor: Cursor = None, limit: Limit = 50) -> Page[QuarantinedEvent]:
    """The user's refused events with the reasons."""
    return await quarantine_page(Pull(store), ids_of(caller), cursor, limit)


async def quarantine_page(
    pull: Pull, user_ids: set[UUID] | None, cursor: str | None, limit: int
) -> Page[QuarantinedEvent]:
    """One page of the refused events of a user, or of all users."""
    rows = await pull.quarantine(user_ids, last_event(cursor), limit)
    items = [QuarantinedEvent(**{**row, "event": _as_json(row["raw"])}) for row in map(dict, rows.shown)]
    following = encode_cursor([items[-1].device_id, items[-1].sequence_number]) if rows.more else None
    return Page(items=items, next_cursor=following)


def _as_json(raw: bytes) -> Any:
    """What was sent; as text where it cannot be an answer, such as half a surrogate pair."""
    try:
        return from_json(raw, allow_inf_nan=False)
    except ValueError:
        return raw.decode("utf-8", "backslashreplace")
