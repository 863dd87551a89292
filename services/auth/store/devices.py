"""Devices, and what their events tell about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.auth.domain import Device, Erased, Known, ServerDevice
from shared.postgres import Connection
from shared.values import Moment


async def find(connection: Connection, device_id: UUID) -> Known:
    """The device, locked for this transaction."""
    row = await connection.fetchrow(
        """
        SELECT device_id, user_id, secret_hash, revoked_at IS NOT NULL AS revoked,
            login_required_since IS NOT NULL AS login_required
        FROM devices WHERE device_id = $1 FOR UPDATE
        """,
        device_id,
    )
    return Device(**row) if row else await _without_user(connection, device_id)


async def _without_user(connection: Connection, device_id: UUID) -> Known:
    row = await connection.fetchrow("SELECT secret_hash FROM erased_devices WHERE device_id = $1", device_id)
    if row:
        return Erased(device_id, row["secret_hash"])
    # A named id that has events and is no user's is one of the server's, perhaps of an earlier epoch.
    is_the_servers = await connection.fetchval(
        """
        SELECT EXISTS (SELECT 1 FROM users WHERE server_device_id = $1)
            OR $2 AND EXISTS (SELECT 1 FROM device_activity WHERE device_id = $1)
        """,
        device_id,
        device_id.version == 5,
    )
    return ServerDevice(device_id) if is_the_servers else None


async def standing(connection: Connection, device_id: UUID) -> Device | None:
    """The device without a lock, for requests that only look."""
    row = await connection.fetchrow(
        """
        SELECT device_id, user_id, revoked_at IS NOT NULL AS revoked, login_required_since IS NOT NULL AS login_required
        FROM devices WHERE device_id = $1
        """,
        device_id,
    )
    return Device(**row) if row else None


async def add(
    connection: Connection,
    device: Device,
    now: datetime,
    name: str | None = None,
    platform: str | None = None,
) -> bool:
    """False when another request has just made it."""
    made = await connection.fetchval(
        """
        INSERT INTO devices (device_id, user_id, secret_hash, name, platform, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true
        """,
        device.device_id,
        device.user_id,
        device.secret_hash,
        name,
        platform,
        now,
    )
    return made is True


async def welcome_back(connection: Connection, device_id: UUID, secret_hash: bytes | None) -> None:
    """After a login: neither revoked nor signed out any more; a secret that it did not have yet is kept."""
    await connection.execute(
        """
        UPDATE devices SET revoked_at = NULL, login_required_since = NULL, secret_hash = coalesce(secret_hash, $2)
        WHERE device_id = $1
        """,
        device_id,
        secret_hash,
    )


async def require_login(
    connection: Connection, user_id: UUID, now: datetime, *, only: UUID | None = None, but: UUID | None = None
) -> None:
    """Ends the sessions of one of the user's devices, or of all but one, on purpose."""
    rows = await connection.fetch(
        """
        UPDATE devices SET login_required_since = coalesce(login_required_since, $2)
        WHERE user_id = $1 AND ($3::uuid IS NULL OR device_id = $3) AND ($4::uuid IS NULL OR device_id <> $4)
        RETURNING device_id
        """,
        user_id,
        now,
        only,
        but,
    )
    await connection.execute(
        "UPDATE families SET ended_at = $2 WHERE device_id = ANY($1) AND ended_at IS NULL",
        [row["device_id"] for row in rows],
        now,
    )


async def revoke(connection: Connection, device_id: UUID, now: datetime) -> None:
    await connection.execute("UPDATE devices SET revoked_at = $2 WHERE device_id = $1", device_id, now)
    await connection.execute(
        "UPDATE families SET ended_at = $2 WHERE device_id = $1 AND ended_at IS NULL", device_id, now
    )


async def others_in_use(connection: Connection, user_id: UUID, but: UUID) -> bool:
    """Whether the user has another device that can still come back."""
    found = await connection.fetchval(
        """
        SELECT EXISTS (SELECT 1 FROM devices WHERE user_id = $1 AND device_id <> $2
            AND revoked_at IS NULL AND login_required_since IS NULL)
        """,
        user_id,
        but,
    )
    return bool(found)


@dataclass(frozen=True, slots=True)
class DeviceSummary:
    """A device as its user sees it. `last_seen` is the last event received or token refreshed."""

    device_id: UUID
    name: str | None
    platform: str | None
    created_at: Moment
    last_seen: Moment | None
    last_sequence: int
    events: int
    revoked: bool
    signed_in: bool


async def of_user(connection: Connection, user_id: UUID, after: UUID | None, limit: int) -> Sequence[DeviceSummary]:
    """A page in order of ids."""
    rows = await connection.fetch(
        """
        SELECT d.device_id, d.name, d.platform, d.created_at,
            greatest(a.last_seen_at, max(f.refreshed_at)) AS last_seen,
            coalesce(a.last_sequence, 0) AS last_sequence, coalesce(a.event_count, 0) AS events,
            d.revoked_at IS NOT NULL AS revoked,
            d.login_required_since IS NULL AND d.revoked_at IS NULL
                AND coalesce(bool_or(f.ended_at IS NULL AND f.reused_at IS NULL), false) AS signed_in
        FROM devices d
        LEFT JOIN device_activity a USING (device_id)
        LEFT JOIN families f USING (device_id)
        WHERE d.user_id = $1 AND ($2::uuid IS NULL OR d.device_id > $2)
        GROUP BY d.device_id, a.device_id
        ORDER BY d.device_id LIMIT $3
        """,
        user_id,
        after,
        limit,
    )
    return [DeviceSummary(**row) for row in rows]
