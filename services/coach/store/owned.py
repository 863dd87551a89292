"""Everything that belongs to a user, by table: what a merge moves, an erasure deletes and an export shows."""

from collections.abc import Sequence
from uuid import UUID

from shared.postgres import Connection, affected

# Each has `user_id`. The second member names what, beside the user, a row is unique by: of two equal ones the
# account's own stays, and what is derived is made anew after a merge.
OWNED: Sequence[tuple[str, str | None]] = (
    ("conversations", None),
    ("messages", None),
    ("lasting_facts", "text"),
    ("weekly_reports", "week"),
    ("report_jobs", "week"),
    ("model_jobs", "subject"),
    ("token_usage", "day"),
    ("model_requests", None),
)
DERIVED = ("trainees", "packed_logs")
MEMORY = "memory_events"
_HAS_ROWS = " OR ".join(
    f"EXISTS (SELECT FROM {table} WHERE user_id = users.user_id)" for table in (MEMORY, *(table for table, _ in OWNED))
)
MISPLACED = f"SELECT user_id FROM users WHERE (merged_into IS NOT NULL OR erasure_id IS NOT NULL) AND ({_HAS_ROWS})"  # noqa: S608
FORGET_POSITIONS = """
DELETE FROM applied USING (
    SELECT device_id FROM memory_events WHERE device_id IN (SELECT device_id FROM memory_events WHERE user_id = ANY($1))
    GROUP BY device_id HAVING bool_and(user_id = ANY($1))
) AS theirs WHERE applied.device_id = theirs.device_id
"""


async def move_rows(connection: Connection, gone: Sequence[UUID], into: UUID, version: int) -> None:
    """Gives the account everything that the merged users have; its memory gets this version."""
    await connection.execute(
        "UPDATE memory_events SET user_id = $2, version = $3 WHERE user_id = ANY($1)", gone, into, version
    )
    for table, unique in OWNED:
        if unique:
            await connection.execute(_drop_equal(table, unique), gone, into)
        await connection.execute(f"UPDATE {table} SET user_id = $2 WHERE user_id = ANY($1)", gone, into)  # noqa: S608
    for table in DERIVED:
        await connection.execute(f"DELETE FROM {table} WHERE user_id = ANY($1)", gone)  # noqa: S608


async def erase_rows(connection: Connection, users: Sequence[UUID]) -> dict[str, int]:
    """Deletes everything of these users, the positions of devices that were theirs alone too; rows by table."""
    await connection.execute(FORGET_POSITIONS, users)
    tables = [MEMORY, *reversed([table for table, _ in OWNED]), *DERIVED]
    return {
        table: affected(await connection.execute(f"DELETE FROM {table} WHERE user_id = ANY($1)", users))  # noqa: S608
        for table in tables
    }


def _drop_equal(table: str, unique: str) -> str:
    return (
        f"DELETE FROM {table} USING {table} AS own WHERE {table}.user_id = ANY($1)"  # noqa: S608
        f" AND own.user_id = $2 AND own.{unique} = {table}.{unique}"
    )
