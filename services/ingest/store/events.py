"""The event store's way in: a device's cursor, its events, quarantine, gaps and outbox row, in one statement each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from services.ingest.domain import Decided, Device, Judgement, Reception, Refusal
from shared.digests import Digest

SLOTS = 1024


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """What the store knows before a request is judged. `device` is None at first contact."""

    server_epoch: UUID
    device: Device | None
    is_server: bool
    has_quarantine: bool
    sender_erased: bool
    heads: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """What a batch's records carry in their headers."""

    correlation_id: str = ""
    traceparent: str = ""


_EPOCH = "SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1"
_LOOK = """
    SELECT (SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1) AS server_epoch,
           device.last_acked, device.last_accepted, device.accepted_count, device.digest, device.is_server,
           EXISTS (SELECT FROM quarantined_events WHERE device_id = $1) AS has_quarantine,
           EXISTS (SELECT FROM erased_users WHERE user_id = ANY ($2::uuid[])) AS sender_erased
    FROM (SELECT) AS always LEFT JOIN devices AS device ON device.device_id = $1
"""
_HEADS = "SELECT device_id, last_accepted FROM devices WHERE device_id = ANY ($1::uuid[])"
_DECIDED = """
    SELECT event_id, sequence_number, content, NULL AS code, NULL AS field, NULL AS message FROM events
    WHERE device_id = $1 AND (sequence_number = ANY ($2::bigint[]) OR event_id = ANY ($3::uuid[]))
    UNION ALL
    SELECT event_id, sequence_number, content, code, field, message FROM quarantined_events
    WHERE device_id = $1 AND (sequence_number = ANY ($2::bigint[]) OR event_id = ANY ($3::uuid[]))
"""
# The cursor's row is locked by its update before anything else is written, so one device's batches commit in order;
# where it has moved since it was read, nothing is written.
_ACCEPT = """
    WITH moved AS (
        UPDATE devices SET user_id = $2, last_acked = $5, last_accepted = $6, accepted_count = $7, digest = $8
        WHERE device_id = $1 AND last_acked = $3 AND last_accepted = $4
          AND NOT EXISTS (SELECT FROM erased_users WHERE user_id = $2)
        RETURNING device_id
    ), stored AS (
        INSERT INTO events
            (device_id, sequence_number, previous_sequence, event_id, user_id, received_at, content, record)
        SELECT moved.device_id, e.number, e.previous, e.id, $2, $9, e.content, e.record
        FROM moved, unnest($10::bigint[], $11::bigint[], $12::uuid[], $13::bytea[], $14::text[])
            AS e (number, previous, id, content, record)
    ), announced AS (
        INSERT INTO outbox (device_id, first, last, slot, correlation_id, traceparent)
        SELECT device_id, $15, $6, $16, $17, $18 FROM moved WHERE $15::bigint IS NOT NULL
    )
    SELECT count(*) FROM moved
"""
_QUARANTINE = """
    INSERT INTO quarantined_events
        (device_id, user_id, received_at, sequence_number, event_id, content, raw, code, field, message)
    SELECT $1, $2, $3, e.* FROM unnest($4::bigint[], $5::uuid[], $6::bytea[], $7::bytea[], $8::text[], $9::text[],
        $10::text[]) AS e
"""
_CLOSE = """
    INSERT INTO declared_gaps (device_id, declared_at, first, last)
    SELECT $1, $2, gap.* FROM unnest($3::bigint[], $4::bigint[]) AS gap
"""


class EventStore:
    """All writes of events. A connection stands for one transaction where the caller opened one."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def epoch(self) -> UUID:
        """The server epoch."""
        epoch: UUID = await self._connection.fetchval(_EPOCH)
        return epoch

    async def look(self, device_id: UUID, user_ids: Collection[UUID], seen_devices: Collection[UUID]) -> DeviceNow:
        """The cursor and what else a verdict may depend on."""
        row: Any = await self._connection.fetchrow(_LOOK, device_id, list(user_ids))
        heads = await self._connection.fetch(_HEADS, list(seen_devices)) if seen_devices else []
        device = None
        if row["last_acked"] is not None:
            digest = Digest(row["accepted_count"], int.from_bytes(row["digest"], "big"))
            device = Device(row["last_acked"], row["last_accepted"], digest)
        return DeviceNow(
            server_epoch=row["server_epoch"],
            device=device,
            is_server=bool(row["is_server"]),
            has_quarantine=row["has_quarantine"],
            sender_erased=row["sender_erased"],
            heads={head["device_id"]: head["last_accepted"] for head in heads},
        )

    async def meet(self, device_id: UUID, user_id: UUID, *, is_server: bool = False) -> None:
        """Makes the device's cursor row, unless the user is erased. An erasure on its way is waited for."""
        async with self._connection.transaction():
            await self._connection.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", str(user_id))
            await self._connection.execute(
                "INSERT INTO devices (device_id, user_id, is_server)"
                " SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM erased_users WHERE user_id = $2)"
                " ON CONFLICT DO NOTHING",
                device_id,
                user_id,
                is_server,
            )

    async def decided(self, device_id: UUID, numbers: Sequence[int], ids: Sequence[UUID]) -> list[Decided]:
        """What is stored or in quarantine under these numbers or ids of the device."""
        rows = await self._connection.fetch(_DECIDED, device_id, numbers, ids)
        return [
            Decided(
                row["event_id"],
                row["sequence_number"],
                row["content"],
                Refusal(row["code"], row["field"], row["message"]) if row["code"] else None,
            )
            for row in rows
        ]

    async def accept(self, before: Device, judgement: Judgement, reception: Reception, trace: Trace) -> bool:
        """Moves the cursor, stores what was accepted and leaves its outbox row: all or, where the cursor is no longer
        as it was `before`, nothing.

        Raises:
            asyncpg.UniqueViolationError: where an event id was taken.
        """
        accepted, after = judgement.accepted, judgement.device
        moved = await self._connection.fetchval(
            _ACCEPT,
            reception.device_id,
            reception.user_id,
            before.last_acked,
            before.last_accepted,
            after.last_acked,
            after.last_accepted,
            after.digest.count,
            after.digest.total.to_bytes(16, "big"),
            reception.received_at,
            [event.sequence_number for event, _ in accepted],
            [verdict.previous_sequence for _, verdict in accepted],
            [event.event_id for event, _ in accepted],
            [event.content for event, _ in accepted],
            [to_json(reception.record(event, verdict)).decode() for event, verdict in accepted],
            accepted[0][0].sequence_number if accepted else None,
            slot_of(reception.device_id),
            trace.correlation_id,
            trace.traceparent,
        )
        return bool(moved)

    async def quarantine(self, judgement: Judgement, reception: Reception, raw: Sequence[bytes]) -> None:
        """Keeps what was refused for good, as sent: `raw` in the order of `judgement.rejected`."""
        rejected = judgement.rejected
        await self._connection.execute(
            _QUARANTINE,
            reception.device_id,
            reception.user_id,
            reception.received_at,
            [event.sequence_number for event, _ in rejected],
            [event.event_id for event, _ in rejected],
            [event.content for event, _ in rejected],
            raw,
            [refusal.code for _, refusal in rejected],
            [refusal.field for _, refusal in rejected],
            [refusal.message for _, refusal in rejected],
        )

    async def close(self, device_id: UUID, judgement: Judgement, declared_at: datetime) -> None:
        """Keeps the gaps that were closed."""
        first, last = [gap.first for gap in judgement.closed], [gap.last for gap in judgement.closed]
        await self._connection.execute(_CLOSE, device_id, declared_at, first, last)


def slot_of(device_id: UUID) -> int:
    """Where a device lies among the relay's shards."""
    return device_id.int % SLOTS
