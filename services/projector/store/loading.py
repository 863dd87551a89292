"""What a rebuild asks of and writes to the database, views apart."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.projector.store import generations
from shared.following import Applied
from shared.postgres import Connection

_RIGHT = 6034127002
_LOCK = f"SELECT pg_try_advisory_lock({_RIGHT})"
_LOCKED = f"""
SELECT EXISTS (
  SELECT FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = {_RIGHT}
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""  # noqa: S608  (a constant)
_UNFINISHED = """
SELECT EXISTS (
  SELECT FROM generations WHERE state = 'building' OR state = 'failed' AND to_regnamespace(name) IS NOT NULL
)
"""
_MISPLACED = """
SELECT user_id FROM (SELECT from_user_id AS user_id FROM aliases UNION SELECT user_id FROM erased_users) AS gone
WHERE EXISTS (SELECT FROM history h WHERE h.user_id = gone.user_id)
OR EXISTS (SELECT FROM applied a WHERE a.user_id = gone.user_id)
"""


@dataclass(frozen=True)
class People:
    """Whom users were merged into, and who is erased."""

    roots: Mapping[UUID, UUID]
    erased: frozenset[UUID]


async def lock_rebuilding(connection: Connection) -> bool:
    """Takes the right to rebuild, until the connection ends; False where another has it."""
    return bool(await connection.fetchval(_LOCK))


async def is_rebuilding(connection: Connection) -> bool:
    """Whether any process has the right to rebuild now."""
    return bool(await connection.fetchval(_LOCKED))


async def drop_unfinished(connection: Connection) -> None:
    """Drops what an interrupted rebuild left behind."""
    async with connection.transaction():
        rows = await connection.fetch("SELECT name FROM generations WHERE state IN ('building', 'failed')")
        for row in rows:
            await generations.drop(connection, row["name"])


async def abandon_unfinished(connection: Connection) -> None:
    """Drops the rows that a killed rebuild left behind, unless one is running."""
    # Looked for first: who takes the right to rebuild for nothing stands in the way of one that begins.
    if not await connection.fetchval(_UNFINISHED) or not await lock_rebuilding(connection):
        return
    await connection.execute("UPDATE generations SET state = 'failed' WHERE state = 'building'")
    for row in await connection.fetch("SELECT name FROM generations WHERE state = 'failed'"):
        await generations.abandon(connection, row["name"])


async def people(connection: Connection) -> People:
    """Who is who, as far as it is heard."""
    aliases = await connection.fetch("SELECT from_user_id, into_user_id FROM aliases")
    erased = await connection.fetch("SELECT user_id FROM erased_users")
    roots = {UUID(int=row["from_user_id"].int): UUID(int=row["into_user_id"].int) for row in aliases}
    return People(roots, frozenset(UUID(int=row["user_id"].int) for row in erased))


async def parked_in_live(connection: Connection) -> Mapping[tuple[UUID, int], str]:
    """The places of the events that the live generation could not apply, and whether they are given up."""
    live = await connection.fetchval("SELECT name FROM live_generation")
    rows = await connection.fetch(f"SELECT own_device_id, own_sequence, state FROM {live}.dead_letters")  # noqa: S608
    return {(UUID(int=row[0].int), row[1]): row[2] for row in rows}


def applied_rows(applied: Mapping[UUID, tuple[Applied, UUID]], erased: Collection[UUID]) -> list[tuple[object, ...]]:
    """Positions as rows of the table: each device with how far it is applied, and with the user of its last event."""
    return [
        (device, None if user in erased else user, at.sequence, at.digest.count, at.digest.hash)
        for device, (at, user) in applied.items()
    ]


async def misplaced(connection: Connection) -> list[UUID]:
    """Users with rows that are by now another's, or nobody's."""
    return [row["user_id"] for row in await connection.fetch(_MISPLACED)]


async def hold_live(connection: Connection) -> str:
    """Holds every batch until the end of the transaction, and names the live generation.

    By a lock of the table, for which batches queue: sharers of a row would overtake for as long as they overlap.
    """
    await connection.execute("LOCK TABLE live_generation IN EXCLUSIVE MODE")
    name: str = await connection.fetchval("SELECT name FROM live_generation FOR UPDATE")
    return name
