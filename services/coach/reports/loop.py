"""Makes reports: looks for closed weeks, leaves a job for each, and does the jobs. Runs in one process at a time."""

import asyncio
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from services.coach.facts.log import TrainingLog
from services.coach.logs import Logs, pack
from services.coach.reports.content import write_report
from services.coach.reports.due import closed_weeks, closes_at, inputs_digest, next_close
from services.coach.store import PASSING
from services.coach.store.packed_logs import PackedLogs
from services.coach.store.reports import Job, Pace, Reports, Summary
from shared.telemetry import log as logger
from shared.values import utc_now

ATTEMPTS = 5
# How long a user waits whose reports could not be planned.
LATER = timedelta(hours=1)
# Of weeks that closed longer ago, such as those of an imported history, nobody waits to be told.
FRESH = timedelta(days=10)
RESTS = 2
LONGEST_REST_SECONDS = 2.0


async def report_loop(logs: Logs, reports: Reports, packed_logs: PackedLogs, pace: Pace, *, told: bool = False) -> None:
    """Until cancelled. After downtime it finds what it has missed: a week stays closed.

    Fresh reports are left to a model to be `told`, where there is one.
    """
    while True:
        idle = not await plan(logs, reports, packed_logs, utc_now(), pace, told=told)
        idle &= not await work(logs, reports, utc_now(), told=told)
        if idle:
            await asyncio.sleep(pace.every.total_seconds())


async def plan(
    logs: Logs, reports: Reports, packed_logs: PackedLogs, now: datetime, pace: Pace, *, told: bool = False
) -> int:
    """Leaves jobs for users whose closed weeks have changed or whose week has closed, does them and packs the log, user
    by user, so that each history is folded once; how many users that were.

    A user for whom this fails is put off, so that the others have their turn.
    """
    stale = await reports.stale(now, pace)
    for user_id in stale:
        try:
            await plan_for(user_id, logs, reports, packed_logs, now, told=told)
        except PASSING:
            raise
        except Exception:
            logger().exception("reports_not_planned", user_id=str(user_id))
            await reports.put_off(user_id, now + LATER)
        logs.forget(user_id)
    return len(stale)


async def plan_for(
    user_id: UUID, logs: Logs, reports: Reports, packed_logs: PackedLogs, now: datetime, *, told: bool
) -> None:
    """The same for one user."""
    began = monotonic()
    kept = await logs.versioned(user_id)
    log = kept.log
    closed = await asyncio.to_thread(closed_weeks, log, now)
    await reports.plan(user_id, kept.version, closed, log.week_by_label, next_close(log, now), summary_of(log))
    await rest(since=began)
    await work(logs, reports, now, told=told)
    await pack(packed_logs, user_id, kept)


async def rest(since: float) -> None:
    """Leaves the processors and the database to those for whom somebody waits, the longer the less there is of them."""
    await asyncio.sleep(min((monotonic() - since) * RESTS, LONGEST_REST_SECONDS))


def summary_of(log: TrainingLog) -> Summary:
    """The counts of one user's row."""
    return Summary(len(log.workouts), len(log.sets), log.workouts[-1].started_at if log.workouts else None)


async def work(logs: Logs, reports: Reports, now: datetime, *, told: bool = False) -> int:
    """Does the jobs that are due; how many. One that fails is tried again, and given up after a few times."""
    jobs = await reports.due()
    for job in jobs:
        began = monotonic()
        try:
            await make(job, logs, reports, now, told=told)
        except PASSING:
            raise
        except Exception as error:
            logger().exception("report_failed", user_id=str(job.user_id), week=job.week)
            await reports.failed(job, repr(error), give_up=job.attempts + 1 >= ATTEMPTS)
        await rest(since=began)
    return len(jobs)


async def make(job: Job, logs: Logs, reports: Reports, now: datetime, *, told: bool = False) -> None:
    """Makes one report. A job whose inputs have changed meanwhile waits to be planned again."""
    log = await logs.of(job.user_id)
    if job.week in log.week_by_label and inputs_digest(log, job.week) == job.inputs:
        report = await asyncio.to_thread(write_report, log, job.week)
        start = log.profile.calendar.first_day(job.week)
        fresh = now - closes_at(log, job.week) < FRESH
        await reports.write(job, start, report.content(log), now, to_be_told=told and fresh)
    else:
        await reports.failed(job, "the week has changed meanwhile", give_up=job.attempts + 1 >= ATTEMPTS)
