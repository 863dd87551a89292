"""Who is who: users, whom they were merged into, and who is erased. A user's row is the lock of all that is theirs."""

from collections.abc import Collection, Mapping
from uuid import UUID

from services.projector.views.rows import Connection
from shared.postgres import locked

_OWNERS = """
SELECT named.user_id, coalesce(a.into_user_id, named.user_id) AS owner,
  EXISTS (SELECT FROM erased_users e WHERE e.user_id IN (named.user_id, a.into_user_id)) AS erased
FROM unnest($1::uuid[]) AS named (user_id) LEFT JOIN aliases a ON a.from_user_id = named.user_id
"""
_LOCK = "SELECT FROM users WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE"
_MAKE = "INSERT INTO users SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
CHANGED = "read_models_changed"
"""The channel on which every commit that changes rows is told."""
# By the clock, in microseconds: a mere count would come again for other rows after a crash that takes batches back.
_TOUCH = f"""
WITH touched AS (
  UPDATE users SET version = greatest(version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
  WHERE user_id = ANY($1::uuid[])
)
SELECT pg_notify('{CHANGED}', '')
"""  # noqa: S608  (a constant of this file)


async def lock(connection: Connection, user_ids: Collection[UUID]) -> None:
    """Locks the rows of users in sorted order, making what is missing, until the end of the transaction."""
    await locked(connection, _LOCK, _MAKE, sorted(user_ids))


async def lock_owners(connection: Connection, user_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """The user that each of these is today, all locked; the erased are left out.

    A merge may come between looking and locking, so it looks again once it holds the locks.
    """
    found = await _owners(connection, user_ids)
    while True:
        await lock(connection, {*user_ids, *found.values()})
        again = await _owners(connection, user_ids)
        if again == found:
            return found
        found = again


async def _owners(connection: Connection, user_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    rows = await connection.fetch(_OWNERS, list(user_ids))
    return {row["user_id"]: row["owner"] for row in rows if not row["erased"]}


async def touch(connection: Connection, user_ids: Collection[UUID]) -> None:
    """Says that what these users read has changed, and with the commit tells whoever waits for that."""
    await connection.execute(_TOUCH, list(user_ids))
