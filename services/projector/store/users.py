"""Who is who: users, whom they were merged into, and who is erased. A user's row is the lock of all that is theirs."""

from collections.abc import Collection, Mapping
from uuid import UUID

from services.projector.views.writes import Statement
from shared.postgres import Connection

_OWNERS = """
SELECT named.user_id, coalesce(a.into_user_id, named.user_id) AS owner,
  EXISTS (SELECT FROM erased_users e WHERE e.user_id IN (named.user_id, a.into_user_id)) AS erased
FROM unnest($1::uuid[]) AS named (user_id) LEFT JOIN aliases a ON a.from_user_id = named.user_id
"""
_LOCK = """
SELECT user_id FROM users
WHERE user_id = ANY($1::uuid[] || ARRAY(SELECT into_user_id FROM aliases WHERE from_user_id = ANY($1::uuid[])))
ORDER BY user_id FOR UPDATE
"""
_MAKE = "INSERT INTO users SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
CHANGED = "read_models_changed"
"""The channel on which every commit that changes rows is told."""
# By the clock, in microseconds: a mere count would come again for other rows after a crash that takes batches back.
_TOUCH = f"""
UPDATE users SET version = greatest(version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
WHERE user_id = ANY($1::uuid[]) RETURNING pg_notify('{CHANGED}', '')
"""  # noqa: S608  (a constant of this file)
USERS = "users"


async def lock(connection: Connection, user_ids: Collection[UUID]) -> set[UUID]:
    """Locks the rows of users, and of those whom they were merged into, in sorted order until the end of the
    transaction, making what is missing; returns whose rows these are.
    """
    rows = await connection.fetch(_LOCK, list(user_ids))
    if missing := {*user_ids} - {row["user_id"] for row in rows}:
        await connection.execute(_MAKE, sorted(missing))
        rows = await connection.fetch(_LOCK, list(user_ids))
    return {row["user_id"] for row in rows}


async def lock_owners(connection: Connection, user_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """The user that each of these is today, all locked; the erased are left out.

    A merge may come while it waits for the locks, so it looks once it holds them.
    """
    wanted = {*user_ids}
    while True:
        held = await lock(connection, wanted)
        found = await _owners(connection, user_ids)
        if held.issuperset(found.values()):
            return found
        wanted |= {*found.values()}


async def _owners(connection: Connection, user_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    rows = await connection.fetch(_OWNERS, list(user_ids))
    return {row["user_id"]: row["owner"] for row in rows if not row["erased"]}


async def touch(connection: Connection, user_ids: Collection[UUID]) -> None:
    """Says that what these users read has changed, and with the commit tells whoever waits for that."""
    query, arguments = touching(user_ids)
    await connection.execute(query, *arguments)


def touching(user_ids: Collection[UUID]) -> Statement:
    """The statement that does so."""
    return _TOUCH, (list(user_ids),)
