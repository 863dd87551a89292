"""What operators do to the store: release from quarantine, publish again, begin an epoch after a restore."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres import Connection, affected

_REFUSED = """
    SELECT user_id, sequence_number, received_at, raw FROM quarantined_events
    WHERE device_id = $1 AND sequence_number > $2 AND released_at IS NULL ORDER BY sequence_number LIMIT $3 FOR UPDATE
"""
_REFUSED_DEVICES = "SELECT DISTINCT device_id FROM quarantined_events WHERE released_at IS NULL ORDER BY device_id"
# Ranges of at most 500 events and about a mebibyte, as requests are; counted, since numbers may be far apart.
_REPUBLISH = """
    INSERT INTO outbox (device_id, first, last, slot)
    SELECT device_id, min(sequence_number), max(sequence_number),
           (get_byte(uuid_send(device_id), 14) & 3) * 256 + get_byte(uuid_send(device_id), 15)
    FROM (
        SELECT device_id, sequence_number, (row_number() OVER device - 1) / 500 AS part,
               div(sum(octet_length(record)) OVER device, 1024 * 1024) AS size
        FROM events WINDOW device AS (PARTITION BY device_id ORDER BY sequence_number)
    ) AS parts
    GROUP BY device_id, part, size ORDER BY device_id, part, size
"""
_KEEP_HEADS = """
    INSERT INTO epoch_heads (epoch_number, device_id, last_accepted)
    SELECT $1, device_id, last_accepted FROM devices WHERE last_accepted > 0
"""


@dataclass(frozen=True, slots=True)
class Refused:
    """One event in quarantine, as sent."""

    user_id: UUID
    sequence_number: int
    received_at: datetime
    raw: bytes


class Operations:
    """Each method within the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def refused_devices(self) -> list[UUID]:
        """Devices with events in quarantine."""
        return [row["device_id"] for row in await self._connection.fetch(_REFUSED_DEVICES)]

    async def refused(self, device_id: UUID, after: int, limit: int) -> list[Refused]:
        """A device's events in quarantine after a number, locked until the transaction ends."""
        return [Refused(**row) for row in await self._connection.fetch(_REFUSED, device_id, after, limit)]

    async def released(self, device_id: UUID, numbers: Sequence[int], moment: datetime) -> None:
        """Marks events as released."""
        query = "UPDATE quarantined_events SET released_at = $3 WHERE device_id = $1 AND sequence_number = ANY ($2)"
        await self._connection.execute(query, device_id, numbers, moment)

    async def republish(self) -> int:
        """Has every event published again, each device's in order; returns the number of batches."""
        return affected(await self._connection.execute(_REPUBLISH))

    async def begin_epoch(self, epoch: UUID) -> int:
        """Begins an epoch: keeps the heads found now, and hears auth's log from its start. Returns their number."""
        query = "INSERT INTO server_epochs (epoch) VALUES ($1) RETURNING number"
        number = await self._connection.fetchval(query, epoch)
        kept: str = await self._connection.execute(_KEEP_HEADS, number)
        await self._connection.execute("UPDATE identity_position SET number = 0")
        return affected(kept)
