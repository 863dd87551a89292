"""One-time codes. Only hashes are kept."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.postgres import Connection

Purpose = Literal["verify", "reset", "invite"]


async def add(
    connection: Connection, code_hash: bytes, purpose: Purpose, user_id: UUID | None, expires_at: datetime
) -> None:
    await connection.execute(
        "INSERT INTO codes (code_hash, purpose, user_id, expires_at) VALUES ($1, $2, $3, $4)",
        code_hash,
        purpose,
        user_id,
        expires_at,
    )


async def owner(connection: Connection, code_hash: bytes, purpose: Purpose, now: datetime) -> UUID | None:
    """Whose code this is, while it is good; it is locked for this transaction."""
    found: UUID | None = await connection.fetchval(
        """
        SELECT user_id FROM codes
        WHERE code_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 FOR UPDATE
        """,
        code_hash,
        purpose,
        now,
    )
    return found


async def use(connection: Connection, code_hash: bytes, purpose: Purpose, now: datetime) -> bool:
    """Whether the code was good; it is not any more."""
    used = await connection.fetchval(
        """
        UPDATE codes SET used_at = $3
        WHERE code_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING true
        """,
        code_hash,
        purpose,
        now,
    )
    return used is True


async def drop(connection: Connection, user_id: UUID, purpose: Purpose) -> None:
    """The user's codes of this purpose are no good any more."""
    await connection.execute("DELETE FROM codes WHERE user_id = $1 AND purpose = $2", user_id, purpose)


async def prune(connection: Connection, now: datetime) -> None:
    await connection.execute("DELETE FROM codes WHERE expires_at < $1", now)
