"""The event store's way in: a device's cursor, its events, quarantine, gaps and outbox row, in one statement each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from services.ingest.domain import Decided, Device, Judgement, Reception, Refusal, was_revoked
from shared.digests import Digest
from shared.postgres import Connection

SLOTS = 1024
_EVENT_COLUMNS = 7


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """What the store knows before a request is judged. `device` is None at first contact."""

    server_epoch: UUID
    device: Device | None
    is_server: bool
    has_quarantine: bool
    sender_erased: bool
    sender_revoked: bool
    heads: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """What a batch's records carry in their headers."""

    correlation_id: str = ""
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Of whom a verdict depends: the device that sends, all ids of its user, and the devices that its events name.

    `issued_at` is the time of the sender's token, None for the server's own device.
    """

    device_id: UUID
    user_ids: Collection[UUID]
    seen: Collection[UUID] = ()
    issued_at: float | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a judgement has accepted of one device whose cursor stood at `before`."""

    before: Device
    judgement: Judgement
    reception: Reception
    trace: Trace

    def cursor(self) -> tuple[Any, ...]:
        """The device's new cursor and its outbox row, as the statement takes them."""
        reception, before, after = self.reception, self.before, self.judgement.device
        accepted = self.judgement.accepted
        return (
            reception.device_id,
            reception.user_id,
            before.last_acked,
            before.last_accepted,
            after.last_acked,
            after.last_accepted,
            after.digest.count,
            after.digest.total.to_bytes(16, "big"),
            accepted[0][0].sequence_number if accepted else None,
            slot_of(reception.device_id),
            self.trace.correlation_id,
            self.trace.traceparent,
        )

    def events(self) -> list[tuple[Any, ...]]:
        """The accepted events, as the statement takes them."""
        reception, accepted = self.reception, self.judgement.accepted
        return [
            (
                reception.device_id,
                event.sequence_number,
                verdict.previous_sequence,
                event.event_id,
                reception.received_at,
                event.content,
                to_json(record).decode(),
            )
            for (event, verdict), record in zip(accepted, reception.records(accepted), strict=True)
        ]


_LOOK = """
    SELECT asked.device_id, (SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1) AS server_epoch,
           device.last_acked, device.last_accepted, device.accepted_count, device.digest, device.is_server,
           (SELECT revoked_at FROM revoked_devices WHERE device_id = asked.device_id) AS revoked_at,
           EXISTS (SELECT FROM quarantined_events WHERE device_id = asked.device_id) AS has_quarantine,
           ARRAY(SELECT user_id FROM erased_users WHERE user_id = ANY ($2::uuid[])) AS erased
    FROM unnest($1::uuid[]) AS asked (device_id) LEFT JOIN devices AS device USING (device_id)
"""
# A released event is its origin wherever it is folded: who has pulled it may have seen that number.
_HEADS = """
    SELECT device_id, greatest(last_accepted, (
        SELECT max(sequence_number) FROM quarantined_events AS released
        WHERE released.device_id = device.device_id AND released_at IS NOT NULL
    )) AS head FROM devices AS device WHERE device_id = ANY ($1::uuid[])
"""
_DECIDED = """
    SELECT event_id, sequence_number, content, NULL AS code, NULL AS field, NULL AS message FROM events
    WHERE device_id = $1 AND (sequence_number = ANY ($2::bigint[]) OR event_id = ANY ($3::uuid[]))
    UNION ALL
    SELECT event_id, sequence_number, content, code, field, message FROM quarantined_events
    WHERE device_id = $1 AND (sequence_number = ANY ($2::bigint[]) OR event_id = ANY ($3::uuid[]))
"""
# The cursors' rows are locked before anything else is written, so one device's batches commit in order, and in sorted
# order, so that two groups never wait for each other; where a cursor has moved since it was read, nothing is written.
_ACCEPT = """
    WITH given AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bytea[], $9::bigint[], $10::smallint[], $11::text[], $12::text[])
            AS g (device_id, user_id, acked_before, accepted_before, acked, accepted, count, digest, first, slot,
                  correlation_id, traceparent)
    ), locked AS (
        SELECT device_id FROM devices WHERE device_id = ANY ($1::uuid[]) ORDER BY device_id FOR UPDATE
    ), moved AS (
        UPDATE devices SET user_id = given.user_id, last_acked = given.acked, last_accepted = given.accepted,
                           accepted_count = given.count, digest = given.digest
        FROM given JOIN locked USING (device_id)
        WHERE devices.device_id = given.device_id AND devices.last_acked = given.acked_before
          AND devices.last_accepted = given.accepted_before
          AND NOT EXISTS (SELECT FROM erased_users WHERE user_id = given.user_id)
        RETURNING given.*
    ), stored AS (
        INSERT INTO events
            (device_id, sequence_number, previous_sequence, event_id, user_id, received_at, content, record)
        SELECT moved.device_id, e.number, e.previous, e.id, moved.user_id, e.received_at, e.content, e.record
        FROM unnest($13::uuid[], $14::bigint[], $15::bigint[], $16::uuid[], $17::timestamptz[], $18::bytea[],
            $19::text[]) AS e (device_id, number, previous, id, received_at, content, record)
        JOIN moved USING (device_id)
    ), announced AS (
        INSERT INTO outbox (device_id, first, last, slot, correlation_id, traceparent)
        SELECT device_id, first, accepted, slot, correlation_id, traceparent FROM moved WHERE first IS NOT NULL
        ORDER BY device_id
    )
    SELECT device_id FROM moved
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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def look(self, questions: Sequence[Question]) -> dict[UUID, DeviceNow]:
        """The cursors, by device, and what else the verdicts may depend on."""
        users = {user for question in questions for user in question.user_ids}
        seen = {device for question in questions for device in question.seen}
        rows = await self._connection.fetch(_LOOK, [question.device_id for question in questions], list(users))
        found = await self._connection.fetch(_HEADS, list(seen)) if seen else []
        heads = {row["device_id"]: row["head"] for row in found}
        asked = {question.device_id: question for question in questions}
        return {row["device_id"]: _device_now(row, asked[row["device_id"]], heads) for row in rows}

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

    async def accept(self, acceptances: Sequence[Acceptance]) -> set[UUID]:
        """Moves the cursor of each device, stores what was accepted and leaves its outbox row. Returns the devices of
        which this is done; of one whose cursor is no longer as it was before, nothing is.

        Raises:
            asyncpg.UniqueViolationError: where an event id was taken; then nothing is done at all.
        """
        cursors = zip(*(acceptance.cursor() for acceptance in acceptances), strict=True)
        rows = [row for acceptance in acceptances for row in acceptance.events()]
        events = zip(*rows, strict=True) if rows else [()] * _EVENT_COLUMNS
        moved = await self._connection.fetch(_ACCEPT, *cursors, *events)
        return {row["device_id"] for row in moved}

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


def _device_now(row: asyncpg.Record, question: Question, heads: dict[UUID, int]) -> DeviceNow:
    device = None
    if row["last_acked"] is not None:
        digest = Digest(row["accepted_count"], int.from_bytes(row["digest"], "big"))
        device = Device(row["last_acked"], row["last_accepted"], digest)
    return DeviceNow(
        server_epoch=row["server_epoch"],
        device=device,
        is_server=bool(row["is_server"]),
        has_quarantine=row["has_quarantine"],
        sender_erased=not set(question.user_ids).isdisjoint(row["erased"]),
        sender_revoked=was_revoked(question.issued_at, row["revoked_at"]),
        heads=heads,
    )


def slot_of(device_id: UUID) -> int:
    """Where a device lies among the relay's shards."""
    return device_id.int % SLOTS
