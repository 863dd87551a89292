"""The log of security events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres import Connection
from shared.telemetry import correlation_id
from shared.values import Moment


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that matters for security, in one stable word or two."""

    event: str
    happened_at: Moment
    user_id: UUID | None = None
    device_id: UUID | None = None
    address: str | None = None


async def note(connection: Connection, entry: Entry) -> None:
    await connection.execute(
        """
        INSERT INTO audit_log (happened_at, event, user_id, device_id, address, correlation_id)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        entry.happened_at,
        entry.event,
        entry.user_id,
        entry.device_id,
        entry.address,
        correlation_id.get(),
    )


@dataclass(frozen=True, slots=True)
class NotedEntry:
    """An entry as administrators read it."""

    entry_id: int
    event: str
    happened_at: Moment
    user_id: UUID | None
    device_id: UUID | None
    address: str | None
    correlation_id: str


async def newest(connection: Connection, before: int | None, limit: int) -> Sequence[NotedEntry]:
    """A page, newest first."""
    rows = await connection.fetch(
        """
        SELECT entry_id, event, happened_at, user_id, device_id, address, correlation_id FROM audit_log
        WHERE $1::bigint IS NULL OR entry_id < $1 ORDER BY entry_id DESC LIMIT $2
        """,
        before,
        limit,
    )
    return [NotedEntry(**row) for row in rows]


async def of_users(connection: Connection, user_ids: Sequence[UUID]) -> Sequence[NotedEntry]:
    """What is noted of a user and of those merged into it, for the user's export."""
    rows = await connection.fetch(
        """
        SELECT entry_id, event, happened_at, user_id, device_id, address, correlation_id FROM audit_log
        WHERE user_id = ANY($1) ORDER BY entry_id
        """,
        user_ids,
    )
    return [NotedEntry(**row) for row in rows]


async def prune(connection: Connection, before: datetime) -> None:
    await connection.execute("DELETE FROM audit_log WHERE happened_at < $1", before)
