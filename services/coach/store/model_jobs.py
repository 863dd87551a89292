"""What the language model is to do beside the answers, one row for each thing: done once, or given up with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.coach.store.own import own
from shared.postgres import Connection, Pool, affected

Kind = Literal["report", "summary"]
ASK = """
INSERT INTO model_jobs (user_id, kind, subject, inputs) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, kind, subject) DO UPDATE
SET inputs = excluded.inputs, status = 'due', attempts = 0, not_before = now(), reason = NULL
WHERE model_jobs.inputs <> excluded.inputs
"""
DUE = """
SELECT user_id, kind, subject, inputs, attempts FROM model_jobs
WHERE status = 'due' AND not_before <= $1 ORDER BY not_before, user_id, subject LIMIT $2
"""
OF = "user_id = $1 AND kind = $2 AND subject = $3 AND inputs = $4"
END = f"UPDATE model_jobs SET status = $5, reason = $6 WHERE {OF} AND status = 'due'"  # noqa: S608  our own names
AGAIN = f"UPDATE model_jobs SET attempts = $5, not_before = $6, reason = $7 WHERE {OF}"  # noqa: S608  our own names


@dataclass(frozen=True, slots=True)
class ModelJob:
    """`subject` is a week or a conversation; `inputs` tells one state of it from another."""

    user_id: UUID
    kind: Kind
    subject: str
    inputs: str
    attempts: int = 0

    @property
    def key(self) -> tuple[UUID, str, str, str]:
        return self.user_id, self.kind, self.subject, self.inputs


class ModelJobs:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ask(self, job: ModelJob) -> None:
        """Leaves a job; nothing where it was asked for the same inputs before."""
        async with own(self._pool, job.user_id) as connection:
            await ask(connection, job)

    async def due(self, now: datetime, limit: int = 20) -> Sequence[ModelJob]:
        """Jobs to do, those that wait longest first."""
        return [ModelJob(**row) for row in await self._pool.fetch(DUE, now, limit)]

    async def put_off(self, job: ModelJob, reason: str, until: datetime, *, counts: bool = True) -> None:
        """Tries again later. Waiting for a budget counts as no attempt."""
        await self._pool.execute(AGAIN, *job.key, job.attempts + counts, until, reason)

    async def give_up(self, job: ModelJob, reason: str) -> None:
        """It stays as the rules have it."""
        async with own(self._pool, job.user_id) as connection:
            await end(connection, job, "failed", reason)


async def ask(connection: Connection, job: ModelJob) -> None:
    """Leaves a job in the caller's transaction."""
    await connection.execute(ASK, *job.key)


async def end(connection: Connection, job: ModelJob, status: str = "done", reason: str | None = None) -> bool:
    """Ends a job in the caller's transaction; False where it is not due so any more."""
    return affected(await connection.execute(END, *job.key, status, reason)) == 1


def later(job: ModelJob, now: datetime) -> datetime:
    """After 15 s, 30 s, a minute, two."""
    return now + timedelta(seconds=15 * 2**job.attempts)
