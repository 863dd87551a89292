"""Signing keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key as it is kept. The one that never retires is the current one."""

    kid: str
    public_key: bytes
    encrypted_private_key: bytes
    retires_at: datetime | None


async def lock(connection: Connection) -> None:
    """One process at a time makes keys."""
    await connection.execute("SELECT pg_advisory_xact_lock(7237421911)")


async def live(connection: Connection, now: datetime) -> Sequence[SigningKey]:
    """The keys whose tokens are good, the current one first."""
    rows = await connection.fetch(
        """
        SELECT kid, public_key, encrypted_private_key, retires_at FROM signing_keys
        WHERE retires_at IS NULL OR retires_at > $1
        ORDER BY retires_at DESC NULLS FIRST
        """,
        now,
    )
    return [SigningKey(**row) for row in rows]


async def retire(connection: Connection, now: datetime, current_retires_at: datetime) -> None:
    """The current key retires then; keys that were retiring do so now."""
    await connection.execute("DELETE FROM signing_keys WHERE retires_at IS NOT NULL")
    await connection.execute("UPDATE signing_keys SET retires_at = $1 WHERE retires_at IS NULL", current_retires_at)
    await connection.execute("DELETE FROM signing_keys WHERE retires_at <= $1", now)


async def add(connection: Connection, key: SigningKey, now: datetime) -> None:
    await connection.execute(
        """
        INSERT INTO signing_keys (kid, public_key, encrypted_private_key, created_at, retires_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        key.kid,
        key.public_key,
        key.encrypted_private_key,
        now,
        key.retires_at,
    )
