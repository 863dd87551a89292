"""Merges of anonymous users into accounts, and which services have applied them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.auth.domain import SERVICES
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class Merge:
    """`answered` are the services that have applied it."""

    merge_id: UUID
    from_user_id: UUID
    into_user_id: UUID
    answered: frozenset[str] = frozenset()


SELECT = """
    SELECT merge_id, from_user_id, into_user_id, array(
        SELECT service FROM merge_answers a WHERE a.merge_id = m.merge_id
    ) AS answered FROM merges m
"""


def _merge(row: Record | None) -> Merge | None:
    return Merge(**{**row, "answered": frozenset(row["answered"])}) if row else None


async def find(connection: Connection, merge_id: UUID) -> Merge | None:
    return _merge(await connection.fetchrow(f"{SELECT} WHERE merge_id = $1", merge_id))


async def of_user(connection: Connection, from_user_id: UUID) -> Merge | None:
    """The merge that took this anonymous user in."""
    return _merge(await connection.fetchrow(f"{SELECT} WHERE from_user_id = $1", from_user_id))


async def add(connection: Connection, merge: Merge, number: int, now: datetime) -> None:
    """`number` is that of its identity event."""
    await connection.execute(
        """
        INSERT INTO merges (merge_id, from_user_id, into_user_id, number, decided_at) VALUES ($1, $2, $3, $4, $5)
        """,
        merge.merge_id,
        merge.from_user_id,
        merge.into_user_id,
        number,
        now,
    )


async def answer(connection: Connection, merge_id: UUID, service: str, now: datetime) -> None:
    """A service has applied the merge. Said again, or of a merge that is forgotten, it changes nothing."""
    await connection.execute(
        """
        INSERT INTO merge_answers (merge_id, service, answered_at)
        SELECT merge_id, $2, $3 FROM merges WHERE merge_id = $1 FOR UPDATE ON CONFLICT DO NOTHING
        """,
        merge_id,
        service,
        now,
    )
    await connection.execute(
        """
        UPDATE merges SET applied_at = $3 WHERE merge_id = $1 AND applied_at IS NULL
            AND (SELECT count(*) FROM merge_answers WHERE merge_id = $1 AND service = ANY($2)) = cardinality($2)
        """,
        merge_id,
        list(SERVICES),
        now,
    )


async def into(connection: Connection, user_id: UUID) -> Sequence[Record]:
    """All merges into a user, for the user's export."""
    rows: Sequence[Record] = await connection.fetch(
        "SELECT merge_id, from_user_id, decided_at, applied_at FROM merges WHERE into_user_id = $1 ORDER BY number",
        user_id,
    )
    return rows
