"""Folded logs, packed: what a process reads that does not know a history yet. Only the worker writes them."""

from dataclasses import dataclass
from uuid import UUID

from services.coach.facts.packing import SHAPE
from services.coach.store.own import own
from shared.postgres import Pool

OF = "SELECT version, content FROM packed_logs WHERE user_id = $1 AND shape = $2"
HAS = "SELECT EXISTS (SELECT FROM packed_logs WHERE user_id = $1 AND shape = $2 AND version = $3)"
# Nothing for a user who was merged or cut while the log was being folded.
KEEP = """
INSERT INTO packed_logs (user_id, version, shape, content)
SELECT user_id, $2, $3, $4 FROM trainees WHERE user_id = $1 AND version >= $2 AND cut_version <= $2
ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, shape = excluded.shape, content = excluded.content
"""


@dataclass(frozen=True, slots=True)
class PackedLog:
    """A user's log as it was at a version of the memory."""

    version: int
    content: bytes


class PackedLogs:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, account: UUID) -> PackedLog | None:
        """The user's, where this version of the software can read it."""
        async with own(self._pool, account) as connection:
            row = await connection.fetchrow(OF, account, SHAPE)
        return PackedLog(**row) if row else None

    async def has(self, account: UUID, version: int) -> bool:
        """Whether the log of this version is there."""
        return bool(await self._pool.fetchval(HAS, account, SHAPE, version))

    async def keep(self, account: UUID, log: PackedLog) -> None:
        """Takes the place of what was there."""
        await self._pool.execute(KEEP, account, log.version, SHAPE, log.content)
