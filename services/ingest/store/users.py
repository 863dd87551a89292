"""Who is who: aliases of merged users, users who are erased, and devices that are revoked."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from services.ingest.domain import was_revoked
from shared.postgres import Connection

_MERGE = """
    WITH merged AS (SELECT coalesce((SELECT root_id FROM user_aliases WHERE user_id = $1), $1) AS id),
         root AS (SELECT coalesce((SELECT root_id FROM user_aliases WHERE user_id = $2), $2) AS id),
         followed AS (
             UPDATE user_aliases SET root_id = root.id FROM merged, root
             WHERE root_id = merged.id AND merged.id <> root.id AND user_id <> root.id
         )
    INSERT INTO user_aliases (user_id, root_id) SELECT merged.id, root.id FROM merged, root WHERE merged.id <> root.id
    ON CONFLICT (user_id) DO UPDATE SET root_id = excluded.root_id
"""
_REVOKE = """
    INSERT INTO revoked_devices (device_id, user_id, revoked_at)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM erased_users WHERE user_id = $2)
    ON CONFLICT (device_id) DO UPDATE SET revoked_at = greatest(revoked_devices.revoked_at, excluded.revoked_at)
"""


class Users:
    """Reads and writes within the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def everyone(self, user_ids: Iterable[UUID]) -> list[UUID]:
        """These users with everyone merged into them and everyone that they were merged into."""
        found: list[UUID] = await self._connection.fetchval("SELECT whole_user($1::uuid[])", list(user_ids))
        return found

    async def root(self, user_id: UUID) -> UUID:
        """The user that this one was merged into in the end, or itself."""
        query = "SELECT coalesce((SELECT root_id FROM user_aliases WHERE user_id = $1), $1)"
        root: UUID = await self._connection.fetchval(query, user_id)
        return root

    async def merge(self, from_user_id: UUID, into_user_id: UUID) -> None:
        """Makes the first user, and everyone merged into it, aliases of the second one's root. Again changes nothing.

        One merge at a time: two halves of a chain must not miss each other.
        """
        await self._connection.execute("LOCK TABLE user_aliases IN SHARE ROW EXCLUSIVE MODE")
        await self._connection.execute(_MERGE, from_user_id, into_user_id)

    async def is_erased(self, user_ids: Iterable[UUID]) -> bool:
        """Whether one of them was erased."""
        query = "SELECT EXISTS (SELECT FROM erased_users WHERE user_id = ANY ($1::uuid[]))"
        return bool(await self._connection.fetchval(query, list(user_ids)))

    async def erase(self, user_ids: Iterable[UUID]) -> Mapping[str, int]:
        """Forgets everything of these users and keeps their ids; returns the rows erased by table.

        The caller's connection acts as `ingest_worker`; only the eraser may call the function.
        """
        await self._connection.execute("SET LOCAL ROLE ingest_eraser")
        row = await self._connection.fetchrow("SELECT * FROM erase_users($1::uuid[])", list(user_ids))
        await self._connection.execute("SET LOCAL ROLE ingest_worker")
        assert row is not None
        await self._connection.execute("DELETE FROM revoked_devices WHERE user_id = ANY ($1::uuid[])", list(user_ids))
        return dict(row)

    async def revoke(self, device_id: UUID, user_id: UUID, revoked_at: datetime) -> None:
        """Keeps when the user's device was revoked, the last time counts. Again changes nothing."""
        await self._connection.execute(_REVOKE, device_id, user_id, revoked_at)

    async def is_revoked(self, device_id: UUID, issued_at: float) -> bool:
        """Whether auth revoked the device after it had issued the token."""
        revoked_at = await self._connection.fetchval(
            "SELECT revoked_at FROM revoked_devices WHERE device_id = $1", device_id
        )
        return was_revoked(issued_at, revoked_at)

    async def answered(self, erasure_id: UUID, counts: Mapping[str, int]) -> dict[str, int]:
        """The counts of an erasure as they were when it was first carried out."""
        await self._connection.execute(
            "INSERT INTO erasures (erasure_id, counts) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            erasure_id,
            json.dumps(dict(counts)),
        )
        kept: dict[str, int] = json.loads(
            await self._connection.fetchval("SELECT counts FROM erasures WHERE erasure_id = $1", erasure_id)
        )
        return kept

    async def position(self) -> int:
        """The number up to which auth's identity events were all heard."""
        number: int = await self._connection.fetchval("SELECT number FROM identity_position")
        return number

    async def reached(self, number: int) -> None:
        """Moves the position where this is the next number."""
        await self._connection.execute("UPDATE identity_position SET number = $1 WHERE number = $1 - 1", number)
