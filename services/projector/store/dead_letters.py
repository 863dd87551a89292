"""Events that could not be applied and records that are none: kept with the reason, blocking nothing (law 6)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.projector.domain import Parked, entity_meant
from services.projector.tables import DEAD_LETTERS
from shared.kafka import Record
from shared.postgres import Connection
from shared.values import utc_now

NAMES = [column.name for column in DEAD_LETTERS.columns]
_CONTENT = [name for name in NAMES if name not in ("own_device_id", "own_sequence", "state", "parked_at")]
# An event that was given up stays so when it comes again.
_PARK = f"""
INSERT INTO dead_letters ({", ".join(NAMES)}) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[],
  $5::uuid[], $6::uuid[], $7::json[], $8::text[], $9::text[], $10::timestamptz[])
ON CONFLICT (own_device_id, own_sequence) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _CONTENT)},
  state = CASE WHEN dead_letters.event_id = excluded.event_id THEN dead_letters.state ELSE excluded.state END
"""  # noqa: S608  (names of a declared table)
_DECIDED = """
UPDATE {new}.dead_letters AS n SET state = o.state FROM {old}.dead_letters AS o
WHERE o.own_device_id = n.own_device_id AND o.own_sequence = n.own_sequence AND o.event_id = n.event_id
AND o.state <> n.state
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
    rows = [row(one, owners[one.event.user_id]) for one in parked]
    await connection.execute(_PARK, *zip(*rows, strict=True))


def row(parked: Parked, user_id: UUID, state: str = "parked") -> tuple[Any, ...]:
    """A parked event as a row of the table."""
    event = parked.event
    place = (event.device_id, event.sequence_number, user_id, *(entity_meant(event) or (None, None)))
    reason = parked.reason.replace("\x00", "")
    return (*place, event.event_id, event.model_dump_json(), reason, state, utc_now())


async def carry_over(connection: Connection, old: str, new: str) -> None:
    """What operators decided about the parked events of one generation holds in another."""
    await connection.execute(_DECIDED.format(old=old, new=new))


async def refuse(connection: Connection, refused: Iterable[tuple[Record, str]]) -> None:
    """Keeps records that are no events at all."""
    records = [
        (uuid7(), record.topic, record.partition, record.offset, record.key, record.value, reason)
        for record, reason in refused
    ]
    await connection.execute(_REFUSE, *zip(*records, strict=True))
