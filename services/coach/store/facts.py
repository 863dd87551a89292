"""Lasting facts: what a user told coach that stays true beyond one conversation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.coach.store.own import own, own_by_now
from shared.errors import NotFound
from shared.postgres import Pool, affected

MOST = 200
OF = "SELECT memory_id, kind, text, created_at FROM lasting_facts WHERE user_id = $1 ORDER BY created_at, memory_id"
REMEMBER = """
INSERT INTO lasting_facts (memory_id, user_id, kind, text, created_at) SELECT $1, $2, $3, $4, $5
WHERE (SELECT count(*) FROM lasting_facts WHERE user_id = $2) < $6 ON CONFLICT DO NOTHING
"""


class LastingFacts:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, account: UUID) -> Sequence[Mapping[str, Any]]:
        """All of a user, oldest first."""
        async with own(self._pool, account) as connection:
            rows = await connection.fetch(OF, account)
        return [dict(row) for row in rows]

    async def remember(self, account: UUID, memory_id: UUID, kind: str, text: str, at: datetime) -> None:
        """Keeps a fact, unless it is known or the user has very many.

        Raises:
            UserErased
        """
        async with own_by_now(self._pool, account) as (connection, by_now):
            await connection.execute(REMEMBER, memory_id, by_now, kind, text, at, MOST)

    async def forget(self, account: UUID, memory_id: UUID) -> None:
        """Deletes one.

        Raises:
            NotFound
        """
        async with own(self._pool, account) as connection:
            gone = await connection.execute(
                "DELETE FROM lasting_facts WHERE user_id = $1 AND memory_id = $2", account, memory_id
            )
        if not affected(gone):
            raise NotFound("there is no such fact")

    async def forget_all(self, account: UUID) -> int:
        """Deletes all; how many that were."""
        async with own(self._pool, account) as connection:
            return affected(await connection.execute("DELETE FROM lasting_facts WHERE user_id = $1", account))
