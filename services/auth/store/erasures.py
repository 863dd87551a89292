"""Erasures: what auth itself forgets, what it keeps so as to go on refusing, and what the services report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import from_json, to_json

from services.auth.domain import SERVICES, most
from shared.postgres import Connection, affected


async def of_user(connection: Connection, user_id: UUID) -> UUID | None:
    """The erasure of this user, or of the one that it was merged into."""
    found: UUID | None = await connection.fetchval("SELECT erasure_id FROM erased_users WHERE user_id = $1", user_id)
    return found


# Devices with the hashes of their secrets.
KnownDevices = Sequence[tuple[UUID, bytes | None]]


async def devices_of(connection: Connection, user_id: UUID) -> KnownDevices:
    """The user's devices, locked."""
    rows = await connection.fetch(
        "SELECT device_id, secret_hash FROM devices WHERE user_id = $1 ORDER BY device_id FOR UPDATE", user_id
    )
    return [(row["device_id"], row["secret_hash"]) for row in rows]


async def add(
    connection: Connection,
    erasure_id: UUID,
    user_ids: Sequence[UUID],
    devices: KnownDevices,
    number: int,
    now: datetime,
) -> None:
    """Keeps the ids for ever: the user's, first, those merged into it, and its devices'. `number` is that of the
    identity event."""
    await connection.execute(
        "INSERT INTO erasures (erasure_id, user_id, number, requested_at) VALUES ($1, $2, $3, $4)",
        erasure_id,
        user_ids[0],
        number,
        now,
    )
    await connection.execute(
        "INSERT INTO erased_users (user_id, erasure_id) SELECT unnest($1::uuid[]), $2", user_ids, erasure_id
    )
    await connection.executemany(
        "INSERT INTO erased_devices (device_id, erasure_id, secret_hash) VALUES ($1, $2, $3)",
        [(device_id, erasure_id, secret_hash) for device_id, secret_hash in devices],
    )


# Each deletes what auth has of the users $1, in an order that the foreign keys allow. Devices are an array: as a query
# they would have the whole table read.
FORGET = {
    "device_activity": """
        DELETE FROM device_activity WHERE user_id = ANY($1)
            OR device_id = ANY(ARRAY(SELECT device_id FROM devices WHERE user_id = ANY($1)))
    """,
    # What is noted of a device alone names no user.
    "audit_log": """
        DELETE FROM audit_log WHERE user_id = ANY($1)
            OR device_id = ANY(ARRAY(SELECT device_id FROM devices WHERE user_id = ANY($1)))
    """,
    "sessions": "DELETE FROM families WHERE device_id IN (SELECT device_id FROM devices WHERE user_id = ANY($1))",
    "devices": "DELETE FROM devices WHERE user_id = ANY($1)",
    "codes": "DELETE FROM codes WHERE user_id = ANY($1)",
    "mails": "DELETE FROM mails WHERE user_id = ANY($1)",
    "merges": "DELETE FROM merges WHERE into_user_id = ANY($1)",
    "users": "DELETE FROM users WHERE user_id = ANY($1)",
}


async def forget(connection: Connection, user_ids: Sequence[UUID]) -> Mapping[str, int]:
    """Deletes the users' rows; returns how many by store."""
    return {store: affected(await connection.execute(statement, user_ids)) for store, statement in FORGET.items()}


async def answer(
    connection: Connection, erasure_id: UUID, service: str, counts: Mapping[str, int], now: datetime
) -> None:
    """A service has erased its rows. Said again, the greater counts stay."""
    known = await connection.fetchval("SELECT 1 FROM erasures WHERE erasure_id = $1 FOR UPDATE", erasure_id)
    if known is None:
        return
    before = await connection.fetchval(
        "SELECT counts::text FROM erasure_answers WHERE erasure_id = $1 AND service = $2", erasure_id, service
    )
    together = most(from_json(before), counts) if before else counts
    await connection.execute(
        """
        INSERT INTO erasure_answers (erasure_id, service, counts, answered_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (erasure_id, service) DO UPDATE SET counts = $3
        """,
        erasure_id,
        service,
        to_json(together).decode(),
        now,
    )


async def conclude(connection: Connection, erasure_id: UUID, now: datetime) -> None:
    """Notes that all have answered, if they have."""
    await connection.execute(
        """
        UPDATE erasures SET applied_at = $3 WHERE erasure_id = $1 AND applied_at IS NULL
            AND (SELECT count(*) FROM erasure_answers WHERE erasure_id = $1 AND service = ANY($2)) = cardinality($2)
        """,
        erasure_id,
        list(SERVICES),
        now,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What one service has erased: rows by store."""

    service: str
    counts: Mapping[str, int]
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    erasure_id: UUID
    requested_at: datetime
    applied_at: datetime | None
    answers: Sequence[Answer]


async def find(connection: Connection, erasure_id: UUID) -> Erasure | None:
    row = await connection.fetchrow(
        "SELECT erasure_id, requested_at, applied_at FROM erasures WHERE erasure_id = $1", erasure_id
    )
    if row is None:
        return None
    answers = await connection.fetch(
        "SELECT service, counts::text, answered_at FROM erasure_answers WHERE erasure_id = $1 ORDER BY service",
        erasure_id,
    )
    return Erasure(**row, answers=[Answer(a["service"], from_json(a["counts"]), a["answered_at"]) for a in answers])


async def erased_users(connection: Connection) -> Sequence[UUID]:
    """Everyone who was ever erased."""
    rows = await connection.fetch("SELECT user_id FROM erased_users ORDER BY user_id")
    return [row["user_id"] for row in rows]
