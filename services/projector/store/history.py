"""The history: every accepted event, entity by entity, from which entities are folded."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from pydantic_core import to_json

from services.projector.domain import EntityKey, Entry, Said, entity_of, fields_of
from services.projector.views.writes import Statement
from shared.fold import Entity
from shared.postgres import Connection
from shared.registers import Seen, Stamp

# A row is of the generation's own type.
_INSERT = "INSERT INTO history SELECT * FROM unnest($1::{generation}.history[]) ON CONFLICT DO NOTHING"
_SAID = (
    "user_id, entity, entity_id, own_device_id, own_sequence, event_type, schema_version, payload, "
    "device_id, sequence_number, occurred_at, seen"
)
_OF_KEYS = f"""
SELECT {_SAID} FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS k (user_id, entity, entity_id)
JOIN history h USING (user_id, entity, entity_id)
"""  # noqa: S608  (constants of this file)


class Found(NamedTuple):
    """Folded entities, and of which of them something was recorded already."""

    entities: dict[EntityKey, Entity]
    recorded: AbstractSet[EntityKey]


def row(entry: Entry) -> tuple[Any, ...]:
    """An entry as a row of the table."""
    key, said, event = entry
    return (
        *key,
        *said.own,
        event.event_id,
        event.event_type,
        event.schema_version,
        to_json(event.payload).decode(),
        said.stamp.device_id,
        said.stamp.sequence_number,
        event.occurred_at,
        event.received_at,
        to_json(event.seen).decode() if event.seen else None,
        event.correlation_id,
    )


def recording(generation: str, entries: Sequence[Entry]) -> Statement:
    """The statement that writes entries; what is there already stays as it is."""
    return _INSERT.format(generation=generation), ([row(entry) for entry in entries],)


async def entities(connection: Connection, keys: Collection[EntityKey], told: Sequence[Entry] = ()) -> Found:
    """The entities of these keys, folded from what is recorded and from what `told` says beside that."""
    if not keys:
        return Found({}, frozenset())
    edits: defaultdict[EntityKey, list[Said]] = defaultdict(list)
    for key, one, _ in told:
        edits[key].append(one)
    rows = await connection.fetch(_OF_KEYS, *zip(*keys, strict=True))
    recorded = {key_of(stored) for stored in rows}
    at_hand = {(key, one.own) for key, one, _ in told if key in recorded}
    for stored in rows:
        key = key_of(stored)
        if (key, _own(stored)) not in at_hand:
            edits[key].append(said(key, stored))
    return Found({key: entity_of(found) for key, found in edits.items()}, recorded)


async def entities_of_user(connection: Connection, user_id: UUID) -> dict[EntityKey, Entity]:
    """Everything of one user."""
    rows = await connection.fetch(f"SELECT {_SAID} FROM history WHERE user_id = $1", user_id)  # noqa: S608
    return await asyncio.to_thread(_folded, rows)


def _folded(rows: Iterable[Record]) -> dict[EntityKey, Entity]:
    edits: defaultdict[EntityKey, list[Said]] = defaultdict(list)
    for stored in rows:
        key = key_of(stored)
        edits[key].append(said(key, stored))
    return {key: entity_of(found) for key, found in edits.items()}


async def users(connection: Connection) -> Sequence[UUID]:
    """Everyone of whom something is recorded."""
    return [row["user_id"] for row in await connection.fetch("SELECT DISTINCT user_id FROM history")]


def key_of(stored: Record) -> EntityKey:
    """The entity that a stored event is about."""
    return EntityKey(stored["user_id"], stored["entity"], stored["entity_id"])


def _own(stored: Record) -> tuple[UUID, int]:
    return stored["own_device_id"], stored["own_sequence"]


def said(key: EntityKey, stored: Record) -> Said:
    """What a stored event says about its entity."""
    return Said(
        _own(stored),
        Stamp(stored["occurred_at"], stored["device_id"], stored["sequence_number"]),
        _seen(stored["seen"]),
        fields_of(key, stored["event_type"], stored["schema_version"], stored["payload"]),
    )


def _seen(stored: str | None) -> Seen:
    return {UUID(device): number for device, number in json.loads(stored).items()} if stored else {}
