"""Weekly reports and the jobs that make them: one report a user and week, whatever dies in between."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from services.coach.store.model_jobs import ModelJob, ask, end
from services.coach.store.outbox import say
from services.coach.store.own import own
from shared.errors import NotFound
from shared.identity import WeeklyReportReady
from shared.postgres import Pool, affected

# Two hours more than a week: clocks are put back.
STALE = """
SELECT user_id FROM trainees
WHERE reports_due_at <= $1
   OR version <> planned_version AND changed_at <= $1::timestamptz - $2::interval
      AND (planned_at IS NULL OR planned_at <= $1::timestamptz - $3::interval)
      AND (reports_due_at IS NULL OR reaches < reports_due_at - interval '7 days 2 hours')
ORDER BY user_id LIMIT $4
"""
PLAN = """
INSERT INTO report_jobs (user_id, week, inputs, status)
SELECT $1, week, inputs, 'due' FROM unnest($2::text[], $3::text[]) AS planned (week, inputs)
ON CONFLICT (user_id, week) DO UPDATE SET inputs = excluded.inputs, status = 'due', attempts = 0, reason = NULL
WHERE report_jobs.inputs <> excluded.inputs
"""
PLANNED = """
UPDATE trainees
SET planned_version = $2, reports_due_at = $3, workouts = $4, sets = $5, last_workout_at = $6, planned_at = now(),
    reaches = CASE WHEN version = $2 THEN 'infinity' ELSE reaches END
WHERE user_id = $1 AND version >= $2
"""
PUT_OFF = """
UPDATE trainees SET planned_version = version, planned_at = now(), reports_due_at = $2 WHERE user_id = $1
"""
WRITE = """
INSERT INTO weekly_reports (user_id, week, week_start, created_at, content) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id, week) DO UPDATE
SET week_start = excluded.week_start, content = excluded.content, revision = weekly_reports.revision + 1
RETURNING revision
"""
PAGE = """
SELECT week, week_start, revision, created_at FROM weekly_reports
WHERE user_id = $1 AND ($2::date IS NULL OR week_start < $2) ORDER BY week_start DESC LIMIT $3
"""

TELL = """
UPDATE weekly_reports SET content = $4, revision = revision + 1
FROM report_jobs AS made
WHERE weekly_reports.user_id = $1 AND weekly_reports.week = $2
  AND made.user_id = $1 AND made.week = $2 AND made.inputs = $3 AND made.status = 'done'
"""
# The newest weeks of all, and of nobody so many that others wait: years of old weeks are due again with one event.
DUE = """
SELECT user_id, week, inputs, attempts FROM (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY week DESC) AS nth FROM report_jobs WHERE status = 'due'
  ) AS own WHERE nth <= $2 ORDER BY week DESC, user_id LIMIT $1
) AS newest ORDER BY user_id, week
"""
ONE = "SELECT week, week_start, revision, created_at, content FROM weekly_reports WHERE user_id = $1 AND week = $2"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often reports are looked at: `every` so long; a user's once the events have been quiet for `settle`, and
    after late changes of closed weeks only so long after the last look (`again`)."""

    every: timedelta
    settle: timedelta
    again: timedelta


@dataclass(frozen=True, slots=True)
class Job:
    """A report to make. `inputs` is the digest of the week's numbers that it was planned for."""

    user_id: UUID
    week: str
    inputs: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The row of a user: what a look at the memory found."""

    workouts: int
    sets: int
    last_workout_at: datetime | None


class Reports:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def stale(self, now: datetime, pace: Pace, limit: int = 20) -> Sequence[UUID]:
        """Users whose week has closed, or whose closed weeks have changed, since their reports were planned."""
        return [row["user_id"] for row in await self._pool.fetch(STALE, now, pace.settle, pace.again, limit)]

    async def plan(
        self,
        user_id: UUID,
        version: int,
        closed: Mapping[str, str],
        held: Collection[str],
        due_at: datetime,
        summary: Summary,
    ) -> None:
        """Makes jobs of the closed weeks (with the digests of their inputs) that have no report yet or another one.

        Only reports of weeks that are not `held` any more are dropped: the user may have travelled to where a week that
        is told of goes on.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.fetch("SELECT 1 FROM trainees WHERE user_id = $1 FOR UPDATE", user_id)
            await connection.execute(PLAN, user_id, list(closed), list(closed.values()))
            for table in ("report_jobs", "weekly_reports"):
                await connection.execute(
                    f"DELETE FROM {table} WHERE user_id = $1 AND week <> ALL($2)",  # noqa: S608  our own names
                    user_id,
                    list(held),
                )
            await connection.execute(
                PLANNED, user_id, version, due_at, summary.workouts, summary.sets, summary.last_workout_at
            )

    async def put_off(self, user_id: UUID, until: datetime) -> None:
        """Looks at a user's reports again only then, or when there is more to look at."""
        await self._pool.execute(PUT_OFF, user_id, until)

    async def due(self, limit: int = 100, of_one: int = 20) -> Sequence[Job]:
        """Jobs to do: the newest weeks, only so many `of_one` user. Those of one user together, oldest week first."""
        return [Job(**row) for row in await self._pool.fetch(DUE, limit, of_one)]

    async def write(
        self, job: Job, week_start: date, content: Mapping[str, Any], now: datetime, *, to_be_told: bool = False
    ) -> bool:
        """Keeps the report, ends the job and announces a first report, at once. False where the job is not due so.

        One `to_be_told` leaves a job for the language model, which nobody waits for.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            ended = await connection.execute(
                "UPDATE report_jobs SET status = 'done' WHERE user_id = $1 AND week = $2 AND inputs = $3"
                " AND status = 'due'",
                job.user_id,
                job.week,
                job.inputs,
            )
            if not affected(ended):
                return False
            text = to_json(content).decode()
            revision = await connection.fetchval(WRITE, job.user_id, job.week, week_start, now, text)
            if revision == 1:
                await say(connection, WeeklyReportReady(user_id=job.user_id, week=job.week))
            if to_be_told:
                await ask(connection, ModelJob(job.user_id, "report", job.week, job.inputs))
            return True

    async def tell(self, job: ModelJob, content: Mapping[str, Any], status: str = "done", reason: str = "") -> bool:
        """Keeps the report with the opening that was found for it and ends the model's job, at once.

        False where the report is another one by now.
        """
        async with own(self._pool, job.user_id) as connection:
            if not await end(connection, job, status, reason or None):
                return False
            text = to_json(content).decode()
            return affected(await connection.execute(TELL, job.user_id, job.subject, job.inputs, text)) == 1

    async def failed(self, job: Job, reason: str, give_up: bool) -> None:
        """Counts an attempt; a job given up waits for other inputs or an operator."""
        await self._pool.execute(
            "UPDATE report_jobs SET attempts = attempts + 1, reason = $4, status = $5"
            " WHERE user_id = $1 AND week = $2 AND inputs = $3",
            job.user_id,
            job.week,
            job.inputs,
            reason,
            "failed" if give_up else "due",
        )

    async def page(self, account: UUID, before: date | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """The newest first, without their content."""
        async with own(self._pool, account) as connection:
            return [dict(row) for row in await connection.fetch(PAGE, account, before, limit)]

    async def require(self, account: UUID, week: str) -> Mapping[str, Any]:
        """One report with its content.

        Raises:
            NotFound
        """
        async with own(self._pool, account) as connection:
            row = await connection.fetchrow(ONE, account, week)
        if row is None:
            raise NotFound("there is no report of this week")
        found = dict(row)
        content: dict[str, Any] = from_json(found.pop("content"))
        return found | content
