"""The audit trail, and taking events back."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx2
from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.projector.api.answers import answers, paged, reads, shape
from services.projector.api.paging import part
from services.projector.api.reads import Read, ReadAfter, Reads, caught_up, opened
from services.projector.domain import Said, entity_of
from services.projector.store import auditing
from services.projector.store.history import key_of, said
from services.projector.undo import NothingToUndo, Told, Undoing, undo
from shared.errors import Conflict, NotFound, Unavailable, UserErased
from shared.fold import NOTHING, Entity
from shared.http import Cursor, Limit
from shared.policy import Caller
from shared.telemetry import correlation_id
from shared.tokens import Principal
from shared.values import format_moment
from shared.views.rows import json_form

router = APIRouter(tags=["history"])
_WRITE_SECONDS = 5
_MILLISECOND = timedelta(milliseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC) - _MILLISECOND

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class NothingLeftToUndo(Conflict):
    code = "nothing_to_undo"


class Ambiguous(Conflict):
    code = "ambiguous"


@dataclass(frozen=True, slots=True)
class AuditItem:
    """An event as far as it is about one thing, by the device and number under which the event store has it.

    `changes` is what was shown before and after the event arrived, `{from, to}` by field; `decides` what it still
    decides today.
    """

    event_id: UUID
    event_type: str
    schema_version: int
    entity: str
    entity_id: UUID
    user_id: UUID
    device_id: UUID
    sequence_number: int
    occurred_at: Moment
    received_at: Moment
    correlation_id: UUID | None
    changes: dict[str, dict[str, Any]]
    decides: list[str]


@dataclass(frozen=True, slots=True)
class Undone:
    """The event of the server's that took another back."""

    event_id: UUID
    device_id: UUID
    sequence_number: int


@router.get("/history/{entity_id}", responses=reads(paged(shape(AuditItem))))
async def show_history(read: Reads, entity_id: UUID, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Every event about a thing, in the order of arrival: who, when, which device, and what it changed."""
    rows = await auditing.of_entity(read.reading, entity_id)
    if not rows:
        raise NotFound("you have nothing with this id")
    trail = await asyncio.to_thread(_trail, rows)
    shown, following = part(trail, f"history of {entity_id}", cursor, limit)
    return read.value({"items": shown, "next_cursor": following})


def _trail(rows: Sequence[asyncpg.Record]) -> list[AuditItem]:
    told = [(row, said(key_of(row), row)) for row in rows]
    now = _entities(told)
    so_far: defaultdict[str, Entity] = defaultdict(lambda: NOTHING)
    trail = []
    for row, one in told:
        before, after = so_far[row["entity"]], so_far[row["entity"]].edited(one.fields, one.stamp, one.seen)
        so_far[row["entity"]] = after
        trail.append(_item(row, one, before, after, now[row["entity"]]))
    return trail


def _entities(told: Sequence[tuple[asyncpg.Record, Said]]) -> Mapping[str, Entity]:
    edits: defaultdict[str, list[Said]] = defaultdict(list)
    for row, one in told:
        edits[row["entity"]].append(one)
    return {entity: entity_of(found) for entity, found in edits.items()}


def _item(row: asyncpg.Record, one: Said, before: Entity, after: Entity, now: Entity) -> AuditItem:
    return AuditItem(
        event_id=row["event_id"],
        event_type=row["event_type"],
        schema_version=row["schema_version"],
        entity=row["entity"],
        entity_id=row["entity_id"],
        user_id=row["user_id"],
        device_id=row["own_device_id"],
        sequence_number=row["own_sequence"],
        occurred_at=format_moment(row["occurred_at"]),
        received_at=format_moment(row["received_at"]),
        correlation_id=row["correlation_id"],
        changes={
            name: {"from": json_form(before.value(name)), "to": json_form(after.value(name))} for name in one.fields
        },
        decides=sorted(name for name in one.fields if now.decided_by(name) == one.stamp),
    )


@router.post("/history/{event_id}/undo", status_code=201, responses=answers(shape(Undone), 201))
async def undo_event(
    request: Request, caller: Caller, event_id: UUID, device_id: UUID | None = None, read_after: ReadAfter = None
) -> Response:
    """Takes an event back: each field that it still decides gets its earlier value, by an event of the server's."""
    try:
        user_id, undo_id, undoing = await _found(request, caller, event_id, device_id, read_after)
    except NotFound:
        # It may have been acknowledged a moment ago.
        if read_after is not None:
            raise
        await caught_up(request, caller)
        user_id, undo_id, undoing = await _found(request, caller, event_id, device_id, None)
    written = await _write(request.app.state.ingest, user_id, undo_id, undoing)
    return Response(written, 201, {"Cache-Control": "no-store"}, "application/json")


async def _found(
    request: Request, caller: Principal, event_id: UUID, device_id: UUID | None, read_after: str | None
) -> tuple[UUID, UUID, Undoing]:
    """Whose it is, and what takes it back. The reading, and its connection, are let go of before another service is
    waited for."""
    async with opened(request, caller, read_after) as read:
        return read.reading.user_id, *await _undoing(read, event_id, device_id)


async def _undoing(read: Read, event_id: UUID, device_id: UUID | None) -> tuple[UUID, Undoing]:
    """The event that takes back what one event said of its entities, and its id; the first that leaves something to
    undo."""
    rows = await auditing.of_event(read.reading, event_id)
    if device_id is not None:
        rows = [row for row in rows if row["own_device_id"] == device_id]
    if not rows:
        raise NotFound("you have no such event")
    if len({row["own_device_id"] for row in rows}) > 1:
        raise Ambiguous("several of your devices have an event with this id: add ?device_id=")
    reason = ""
    for row in rows:
        key = key_of(row)
        stored = [one for one in await auditing.of_entity(read.reading, key.entity_id) if one["entity"] == key.entity]
        told = [Told(one["event_type"], said(key, one)) for one in stored]
        own = (row["own_device_id"], row["own_sequence"])
        beside = [said(key_of(one), one) for one in await auditing.of_sets_in(read.reading, key)]
        match undo(key, told, next(one for one in told if one.said.own == own), beside):
            case Undoing() as found:
                return _undo_id(row, len(stored)), found
            case NothingToUndo(reason=why):
                reason = why
    raise NothingLeftToUndo(reason)


def _undo_id(row: asyncpg.Record, said_so_far: int) -> UUID:
    """The same one until more is said of the entity: who asks twice before the first undo is applied undoes once."""
    return uuid5(row["own_device_id"], f"undo {row['own_sequence']} {row['entity']} {said_so_far}")


async def _write(ingest: httpx2.AsyncClient, user_id: UUID, undo_id: UUID, undoing: Undoing) -> bytes:
    """Has ingest write the event under the user's server device, and returns what it answered."""
    body = {
        "user_id": str(user_id),
        "event_id": str(undo_id),
        "event_type": undoing.event_type,
        "schema_version": undoing.schema_version,
        "payload": undoing.payload,
        "occurred_at": format_moment(_moment_after(undoing.after)),
        "seen": {str(device): number for device, number in undoing.seen.items()},
        "correlation_id": _correlation(),
    }
    try:
        response = await ingest.post("/internal/ingest/server-events", json=body, timeout=_WRITE_SECONDS)
    except httpx2.TransportError as error:
        raise Unavailable("the event store cannot be reached") from error
    if response.is_server_error:
        raise Unavailable("the event store cannot write now")
    if response.status_code == HTTPStatus.GONE:
        raise UserErased("this user was erased")
    return response.raise_for_status().content


def _moment_after(moment: datetime) -> datetime:
    """Now, or as soon after the moment as times can tell, if its clock was ahead."""
    return max(datetime.now(UTC), min(moment, _LAST) + _MILLISECOND)


def _correlation() -> str:
    """The request's correlation id where it is a UUID, as events carry none but those."""
    try:
        return str(UUID(correlation_id.get()))
    except ValueError:
        return str(uuid4())
