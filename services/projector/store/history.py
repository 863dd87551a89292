"""The history: every accepted event, entity by entity, from which entities are folded."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic_core import to_json

from services.projector.domain import EntityKey, Entry, Said, entity_of, fields_of
from services.projector.views.rows import Connection
from shared.fold import Entity
from shared.registers import Stamp

COLUMNS = (
    ("user_id", "uuid"),
    ("entity", "text"),
    ("entity_id", "uuid"),
    ("own_device_id", "uuid"),
    ("own_sequence", "bigint"),
    ("event_id", "uuid"),
    ("event_type", "text"),
    ("schema_version", "integer"),
    ("payload", "json"),
    ("device_id", "uuid"),
    ("sequence_number", "bigint"),
    ("occurred_at", "timestamptz"),
    ("received_at", "timestamptz"),
    ("seen", "json"),
    ("correlation_id", "uuid"),
)
NAMES = [name for name, _ in COLUMNS]
_INSERT = (
    f"INSERT INTO history ({', '.join(NAMES)}) SELECT * FROM unnest("  # noqa: S608  (constants of this file)
    + ", ".join(f"${number}::{kind}[]" for number, (_, kind) in enumerate(COLUMNS, 1))
    + ") ON CONFLICT DO NOTHING"
)
_OF_KEYS = """
SELECT h.* FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS k (user_id, entity, entity_id)
JOIN history h USING (user_id, entity, entity_id)
"""


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


async def record(connection: Connection, entries: Sequence[Entry]) -> None:
    """Writes entries; what is there already stays as it is."""
    columns = list(zip(*map(row, entries), strict=True))
    await connection.execute(_INSERT, *columns)


async def entities(
    connection: Connection, keys: Collection[EntityKey], known: Iterable[Entry] = ()
) -> dict[EntityKey, Entity]:
    """The entities of these keys, folded. `known` are entries at hand, so that they need not be read twice."""
    if not keys:
        return {}
    at_hand = {(entry.key, entry.said.own): entry.said for entry in known}
    rows = await connection.fetch(_OF_KEYS, *zip(*keys, strict=True))
    return _folded(rows, at_hand)


async def entities_of_user(connection: Connection, user_id: UUID) -> dict[EntityKey, Entity]:
    """Everything of one user."""
    return _folded(await connection.fetch("SELECT * FROM history WHERE user_id = $1", user_id), {})


def _folded(
    rows: Iterable[Record], at_hand: Mapping[tuple[EntityKey, tuple[UUID, int]], Said]
) -> dict[EntityKey, Entity]:
    found: defaultdict[EntityKey, list[Said]] = defaultdict(list)
    for stored in rows:
        key = EntityKey(stored["user_id"], stored["entity"], stored["entity_id"])
        own = (stored["own_device_id"], stored["own_sequence"])
        found[key].append(at_hand.get((key, own)) or said(key, stored))
    return {key: entity_of(edits) for key, edits in found.items()}


def said(key: EntityKey, stored: Record) -> Said:
    """What a stored event says about its entity."""
    return Said(
        (stored["own_device_id"], stored["own_sequence"]),
        Stamp(stored["occurred_at"], stored["device_id"], stored["sequence_number"]),
        {UUID(device): number for device, number in json.loads(stored["seen"] or "{}").items()},
        fields_of(key, stored["event_type"], stored["schema_version"], json.loads(stored["payload"])),
    )
