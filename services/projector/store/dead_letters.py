"""Events that could not be applied and records that are none: kept with the reason, blocking nothing (law 6)."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from services.projector.domain import Parked, entity_meant
from services.projector.views.rows import Connection
from shared.kafka import Record

_PARK = """
INSERT INTO dead_letters (own_device_id, own_sequence, user_id, entity, entity_id, event_id, event, reason, parked_at)
SELECT * , now() FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::json[],
  $8::text[])
ON CONFLICT (own_device_id, own_sequence) DO UPDATE SET reason = excluded.reason
"""
_REFUSE = """
INSERT INTO refused_records (id, topic, partition, record_offset, key, value, reason)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::bytea[], $6::bytea[], $7::text[])
ON CONFLICT DO NOTHING
"""


async def park(connection: Connection, parked: Sequence[Parked], owners: Mapping[UUID, UUID]) -> None:
    """Keeps events that cannot be applied."""
    if not parked:
        return
    rows = []
    for event, reason in ((one.event, one.reason) for one in parked):
        entity, entity_id = entity_meant(event) or (None, None)
        place = (event.device_id, event.sequence_number, owners[event.user_id])
        rows.append((*place, entity, entity_id, event.event_id, event.model_dump_json(), reason.replace("\x00", "")))
    await connection.execute(_PARK, *zip(*rows, strict=True))


async def refuse(connection: Connection, refused: Iterable[tuple[Record, str]]) -> None:
    """Keeps records that are no events at all."""
    rows = [
        (uuid7(), record.topic, record.partition, record.offset, record.key, record.value, reason.replace("\x00", ""))
        for record, reason in refused
    ]
    await connection.execute(_REFUSE, *zip(*rows, strict=True))
