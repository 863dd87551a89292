"""What the event topic tells about devices: a read store of its own, which its follower keeps equal to ingest."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from shared import identity
from shared.database import Database
from shared.digests import Digest
from shared.envelope import Link
from shared.following import NOTHING_APPLIED, Applied
from shared.positions import Position
from shared.postgres import Connection, Pool, locked


async def server_device(connection: Connection, user_id: UUID) -> UUID | None:
    """The id under which the server writes for this user; None until ingest's epoch is known."""
    epoch: UUID | None = await connection.fetchval("SELECT server_epoch FROM event_store")
    return identity.server_device(user_id, epoch) if epoch else None


async def set_epoch(connection: Connection, epoch: UUID) -> None:
    """A new epoch means new server devices: they are to be worked out again."""
    changed = await connection.fetchval(
        """
        INSERT INTO event_store (server_epoch) VALUES ($1)
        ON CONFLICT (only_row) DO UPDATE SET server_epoch = $1 WHERE event_store.server_epoch <> $1 RETURNING true
        """,
        epoch,
    )
    if changed:
        await connection.execute("UPDATE users SET server_device_id = NULL WHERE server_device_id IS NOT NULL")


@dataclass
class ActivityBatch:
    """One transaction with the rows of its devices locked."""

    connection: Connection
    applied: Mapping[UUID, Applied]

    async def fold(self, events: Sequence[Link]) -> None:
        """Who used the device last, and when that was received."""
        seen = {event.device_id: event for event in sorted(events, key=lambda event: event.received_at)}
        await self.connection.execute(
            """
            UPDATE device_activity a
            SET user_id = s.user_id, last_seen_at = greatest(a.last_seen_at, s.seen_at)
            FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS s (device_id, user_id, seen_at)
            WHERE a.device_id = s.device_id
            """,
            list(seen),
            [event.user_id for event in seen.values()],
            [event.received_at for event in seen.values()],
        )

    async def save(self, applied: Mapping[UUID, Applied]) -> None:
        await self.connection.execute(
            """
            UPDATE device_activity a SET last_sequence = s.last, event_count = s.count, event_hash = s.hash
            FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) AS s (device_id, last, count, hash)
            WHERE a.device_id = s.device_id
            """,
            list(applied),
            [at.sequence for at in applied.values()],
            [at.digest.count for at in applied.values()],
            [at.digest.hash for at in applied.values()],
        )


@dataclass(frozen=True)
class ActivityStore:
    """The read store of `shared.following.Follower`."""

    pool: "Pool | Database"

    @asynccontextmanager
    async def batch(self, devices: Collection[UUID]) -> AsyncIterator[ActivityBatch]:
        async with self.pool.acquire() as connection, connection.transaction():
            rows = await locked(connection, LOCK, MAKE, sorted(devices))
            yield ActivityBatch(connection, {row["device_id"]: _applied(row) for row in rows})

    async def all_applied(self) -> Mapping[UUID, Applied]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(f"SELECT {COLUMNS} FROM device_activity")  # noqa: S608
            return {row["device_id"]: _applied(row) for row in rows}

    async def positions(self, after: UUID, limit: int) -> Sequence[Position]:
        """How far devices with greater ids are, in order of ids."""
        query = f"SELECT {COLUMNS} FROM device_activity WHERE device_id > $1 ORDER BY device_id LIMIT $2"  # noqa: S608
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(query, after, limit)
        return [_position(row["device_id"], _applied(row)) for row in rows]

    async def forget(self, device_ids: Collection[UUID]) -> None:
        async with self.pool.acquire() as connection:
            await connection.execute("DELETE FROM device_activity WHERE device_id = ANY($1)", list(device_ids))


COLUMNS = "device_id, last_sequence, event_count, event_hash"
LOCK = f"SELECT {COLUMNS} FROM device_activity WHERE device_id = ANY($1) ORDER BY device_id FOR UPDATE"  # noqa: S608
MAKE = "INSERT INTO device_activity (device_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"


def _position(device_id: UUID, at: Applied) -> Position:
    return Position(device_id=device_id, sequence=at.sequence, count=at.digest.count, hash=at.digest.hash)


def _applied(row: Mapping[str, object]) -> Applied:
    sequence, count = int(str(row["last_sequence"])), int(str(row["event_count"]))
    return Applied(sequence, Digest.parse(count, str(row["event_hash"]))) if sequence else NOTHING_APPLIED
