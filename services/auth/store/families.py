"""Families of refresh tokens. Only hashes are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.auth.domain import Family
from shared.postgres import Connection
from shared.values import Moment


async def add(connection: Connection, family_id: UUID, device_id: UUID, first_hash: bytes, now: datetime) -> None:
    await connection.execute(
        "INSERT INTO families (family_id, device_id, created_at, refreshed_at) VALUES ($1, $2, $3, $3)",
        family_id,
        device_id,
        now,
    )
    await _add_token(connection, family_id, 1, first_hash, now)


async def drop_oldest(connection: Connection, device_id: UUID, kept: int = 10) -> None:
    """Forgets all but those families of the device that were used last: it needs one, and may ask for any number."""
    await connection.execute(
        """
        DELETE FROM families WHERE device_id = $1 AND family_id IN (
            SELECT family_id FROM families WHERE device_id = $1 ORDER BY refreshed_at DESC, family_id DESC OFFSET $2
        )
        """,
        device_id,
        kept,
    )


async def _add_token(connection: Connection, family_id: UUID, generation: int, token: bytes, now: datetime) -> None:
    await connection.execute(
        "INSERT INTO refresh_tokens (token_hash, family_id, generation, created_at) VALUES ($1, $2, $3, $4)",
        token,
        family_id,
        generation,
        now,
    )


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A refresh token's place, with its family as it is now."""

    family_id: UUID
    device_id: UUID
    generation: int
    family: Family


async def device_of_token(connection: Connection, token_hash: bytes) -> UUID | None:
    """Whose token this is. Devices are locked before families, so this looks without a lock."""
    found: UUID | None = await connection.fetchval(
        "SELECT f.device_id FROM refresh_tokens t JOIN families f USING (family_id) WHERE t.token_hash = $1", token_hash
    )
    return found


async def find(connection: Connection, token_hash: bytes) -> HeldToken | None:
    """The token of this hash; its family is locked for this transaction."""
    row = await connection.fetchrow(
        """
        SELECT f.family_id, f.device_id, t.generation, f.newest, f.refreshed_at,
            f.reused_at IS NOT NULL AS reused, f.ended_at IS NOT NULL AS ended
        FROM refresh_tokens t JOIN families f USING (family_id) WHERE t.token_hash = $1 FOR UPDATE OF f
        """,
        token_hash,
    )
    if row is None:
        return None
    family = Family(row["newest"], row["refreshed_at"], row["reused"], row["ended"])
    return HeldToken(row["family_id"], row["device_id"], row["generation"], family)


async def rotate(connection: Connection, held: HeldToken, next_hash: bytes, now: datetime) -> None:
    """Hands out the successor of the newest token."""
    await connection.execute(
        "UPDATE families SET newest = newest + 1, refreshed_at = $2 WHERE family_id = $1", held.family_id, now
    )
    await _add_token(connection, held.family_id, held.generation + 1, next_hash, now)


async def touch(connection: Connection, family_id: UUID, now: datetime) -> None:
    await connection.execute("UPDATE families SET refreshed_at = $2 WHERE family_id = $1", family_id, now)


async def mark_reused(connection: Connection, family_id: UUID, now: datetime) -> None:
    await connection.execute(
        "UPDATE families SET reused_at = $2 WHERE family_id = $1 AND reused_at IS NULL", family_id, now
    )


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A family that can still be refreshed."""

    session_id: UUID
    device_id: UUID
    device_name: str | None
    created_at: Moment
    last_used_at: Moment


async def of_user(connection: Connection, user_id: UUID, after: UUID | None, limit: int) -> Sequence[SessionSummary]:
    """A page in order of ids."""
    rows = await connection.fetch(
        """
        SELECT f.family_id AS session_id, f.device_id, d.name AS device_name, f.created_at,
            f.refreshed_at AS last_used_at
        FROM families f JOIN devices d USING (device_id)
        WHERE d.user_id = $1 AND f.ended_at IS NULL AND f.reused_at IS NULL AND ($2::uuid IS NULL OR f.family_id > $2)
        ORDER BY f.family_id LIMIT $3
        """,
        user_id,
        after,
        limit,
    )
    return [SessionSummary(**row) for row in rows]


async def device_of(connection: Connection, family_id: UUID, user_id: UUID) -> UUID | None:
    """The device of one of the user's sessions."""
    found: UUID | None = await connection.fetchval(
        "SELECT f.device_id FROM families f JOIN devices d USING (device_id) WHERE f.family_id = $1 AND d.user_id = $2",
        family_id,
        user_id,
    )
    return found


async def prune(connection: Connection, now: datetime, idle: timedelta) -> None:
    """Forgets families long over, and tokens so old that their reuse tells nothing any more."""
    await connection.execute("DELETE FROM families WHERE refreshed_at < $1", now - idle - timedelta(days=30))
    await connection.execute(
        """
        DELETE FROM refresh_tokens t USING families f
        WHERE f.family_id = t.family_id AND t.generation < f.newest - 1 AND t.created_at < $1
        """,
        now - timedelta(days=60),
    )
