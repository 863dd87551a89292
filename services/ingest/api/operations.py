"""What the other services and operators ask of the event store."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.ingest.api.context import Configured, Store, trace, unhurried
from services.ingest.api.pull import QuarantinedEvent, quarantine_page
from services.ingest.domain import Refusal
from services.ingest.door import Draft, write_once
from services.ingest.operations import begin_epoch, release_quarantine
from services.ingest.reading import reading_of
from services.ingest.settings import Settings
from services.ingest.store.feeds import Feeds
from services.ingest.store.operations import Operations
from services.ingest.store.outbox import backlog
from services.ingest.store.pull import Pull
from services.ingest.store.users import Users
from shared.envelope import Origin, SchemaVersion, SeenByClient
from shared.errors import InvalidRequest
from shared.exports import exported
from shared.http import Cursor, Limit, Page
from shared.policy import service_only
from shared.values import format_moment, utc_now

PAGE = 100
router = APIRouter(prefix="/internal/ingest", tags=["internal"], dependencies=[Depends(service_only)])


def _as_json(origin: Any) -> Origin:
    """FastAPI has read the JSON already, and a strict type takes ids as text only from JSON."""
    return Origin.model_validate_json(to_json(origin))


class ServerEvent(BaseModel):
    """An event that a service writes for a user. What is said again under the same `event_id` is written once."""

    model_config = ConfigDict(extra="forbid")

    user_id: UUID
    event_id: UUID = Field(default_factory=uuid7)
    event_type: Annotated[str, Field(max_length=100)]
    schema_version: SchemaVersion = 1
    payload: dict[str, Any]
    occurred_at: AwareDatetime | None = None
    seen: SeenByClient | None = None
    origin: Annotated[Origin, BeforeValidator(_as_json)] | None = None
    correlation_id: UUID | None = None


class Written(BaseModel):
    """Where a server's event went."""

    event_id: UUID
    device_id: UUID
    sequence_number: int


class Released(BaseModel):
    """How many events left quarantine, and how many this version cannot read either."""

    released: int
    kept: int


class Republished(BaseModel):
    """How many batches will be published again."""

    batches: int


class Epoch(BaseModel):
    """The epoch begun, and for how many devices it kept a head."""

    server_epoch: UUID
    heads: int


class Backlog(BaseModel):
    """What the relay still has to publish."""

    batches: int
    oldest_seconds: float


@router.post("/server-events", status_code=201)
async def write_server_event(store: Store, event: ServerEvent) -> Written:
    """Writes an event as the user's server device, which gives it its number."""
    raw = _raw(event)
    reading = reading_of(raw)
    if isinstance(reading, Refusal):
        raise InvalidRequest(f"{reading.field}: {reading.message}", field=reading.field, reason=reading.code)
    user_id = await Users(store).root(event.user_id)
    draft = Draft(event.event_id, raw, reading, event.origin)
    device_id, number = await write_once(store, user_id, draft, utc_now(), trace())
    return Written(event_id=event.event_id, device_id=device_id, sequence_number=number)


def _raw(event: ServerEvent) -> Mapping[str, Any]:
    raw: dict[str, Any] = {
        "event_id": str(event.event_id),
        "event_type": event.event_type,
        "schema_version": event.schema_version,
        "payload": event.payload,
        "sequence_number": 1,  # the door gives the real one
    }
    if event.occurred_at is not None:
        raw["occurred_at"] = format_moment(event.occurred_at)
    if event.seen is not None:
        raw["seen"] = {str(device): number for device, number in event.seen.items()}
    if event.correlation_id is not None:
        raw["correlation_id"] = str(event.correlation_id)
    return raw


@router.get("/quarantine")
async def quarantine(
    store: Store, user_id: UUID | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[QuarantinedEvent]:
    """The refused events of all users, or of one."""
    return await quarantine_page(Pull(store), {user_id} if user_id else None, cursor, limit)


@router.get("/quarantine/export")
async def export_quarantine(settings: Configured, user_id: UUID) -> StreamingResponse:
    """All refused events of a user and of everyone merged into it, as JSON lines."""
    return await exported(_refused(settings, user_id))


async def _refused(settings: Settings, user_id: UUID) -> AsyncIterator[bytes]:
    async with unhurried(settings) as connection:
        cursor: str | None = None
        while True:
            page = await quarantine_page(Pull(connection), {user_id}, cursor, PAGE)
            yield b"".join(item.model_dump_json().encode() + b"\n" for item in page.items)
            if (cursor := page.next_cursor) is None:
                return


@router.post("/quarantine/release")
async def release(settings: Configured) -> Released:
    """Releases what this version of the software can read."""
    async with unhurried(settings) as connection:
        released, kept = await release_quarantine(connection, utc_now(), trace())
    return Released(released=released, kept=kept)


@router.post("/republish", status_code=202)
async def republish(settings: Configured) -> Republished:
    """Has every event published again, each device's in order."""
    async with unhurried(settings) as connection, connection.transaction():
        return Republished(batches=await Operations(connection).republish())


@router.post("/epoch", status_code=201)
async def epoch(settings: Configured) -> Epoch:
    """Begins a new epoch after a restore, and has everything published under it."""
    async with unhurried(settings) as connection:
        begun, heads = await begin_epoch(connection)
    return Epoch(server_epoch=begun, heads=heads)


@router.get("/backlog")
async def unpublished(store: Store) -> Backlog:
    """What the relay still has to publish."""
    batches, oldest = await backlog(store)
    return Backlog(batches=batches, oldest_seconds=oldest)


@router.get("/export")
async def export(settings: Configured, user_id: UUID) -> StreamingResponse:
    """All accepted events of a user and of everyone merged into it, as JSON lines."""
    return await exported(_events(settings, user_id))


async def _events(settings: Settings, user_id: UUID) -> AsyncIterator[bytes]:
    async with unhurried(settings) as connection:
        devices = [device.device_id for device in await Pull(connection).devices([user_id])]
        async for page in Feeds(connection).of_devices(devices):
            yield page
