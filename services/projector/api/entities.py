"""Any kind of entity as it is folded, so that a domain without views of its own can be read, too."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.projector.api.answers import Schema, paged, reads
from services.projector.api.paging import ForeignCursor, cursor_at, place
from services.projector.api.reads import Reads
from services.projector.domain import EntityKey
from services.projector.store import auditing
from shared.errors import NotFound
from shared.fold import Entity
from shared.http import Cursor, Limit
from shared.registry import REMOVED, Stream, registry
from shared.views.rows import json_form

router = APIRouter(prefix="/entities", tags=["entities"])


# Each is folded from its history when it is asked for, so pages stay short.
_FOLDED_AT_ONCE = 100
# The id bears the name of the kind, and the other fields are those of the kind's events.
_ENTITY: Schema = {
    "type": "object",
    "description": "The entity's id under its own name and its fields; `removed` says whether a tombstone lies on it.",
    "properties": {REMOVED: {"type": "boolean"}},
    "required": [REMOVED],
    "additionalProperties": True,
}


@router.get("/{entity}", responses=reads(paged(_ENTITY)))
async def list_entities(read: Reads, entity: str, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """All of the caller's entities of a kind that are not removed, by id; at most 100 a page."""
    stream = _stream(entity)
    position = place(cursor, entity, 1)
    after = None if position is None else _id(position[0])
    limit = min(limit, _FOLDED_AT_ONCE)
    ids = await auditing.ids_of_kind(read.reading, entity, after, limit + 1)
    keys = [EntityKey(read.reading.user_id, entity, i) for i in ids[:limit]]
    found = await auditing.entities(read.reading, keys)
    items = [_item(stream, key, found[key]) for key in keys if not found[key].removed]
    following = cursor_at(entity, [ids[limit - 1]] if len(ids) > limit else None)
    return read.value({"items": items, "next_cursor": following})


@router.get("/{entity}/{entity_id}", responses=reads(_ENTITY))
async def show_entity(read: Reads, entity: str, entity_id: UUID) -> Response:
    """One entity, also where it is removed."""
    stream, key = _stream(entity), EntityKey(read.reading.user_id, entity, entity_id)
    found = await auditing.entities(read.reading, [key])
    if key not in found:
        raise NotFound("you have nothing with this id")
    return read.value(_item(stream, key, found[key]))


def _id(position: Any) -> UUID:
    try:
        return UUID(str(position))
    except ValueError as error:
        raise ForeignCursor from error


def _stream(entity: str) -> Stream:
    stream = registry().streams.get(entity)
    if stream is None:
        raise NotFound(f"there are no entities of the kind {entity!r}")
    return stream


def _item(stream: Stream, key: EntityKey, folded: Entity) -> dict[str, Any]:
    """The entity's id under its own name, and its fields; `removed` says whether a tombstone lies on it."""
    fields = {name: json_form(value) for name, value in folded.values().items() if name != REMOVED}
    return {stream.identifier or "entity_id": str(key.entity_id), **fields, REMOVED: folded.removed}
