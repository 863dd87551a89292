"""How the store is, for operators."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.postgres import Pool, affected

COUNTS = """
SELECT (SELECT count(*) FROM memory_events) AS events,
       (SELECT count(*) FROM memory_events WHERE unreadable IS NOT NULL) AS parked,
       (SELECT count(*) FROM dead_letters) AS dead_letters,
       (SELECT count(*) FROM trainees) AS users,
       (SELECT count(*) FROM applied) AS devices,
       (SELECT number FROM identity_position) AS identity_number,
       (SELECT count(*) FROM outbox) AS unpublished,
       (SELECT count(*) FROM report_jobs WHERE status = 'due') AS reports_due,
       (SELECT count(*) FROM report_jobs WHERE status = 'failed') AS reports_failed,
       (SELECT count(*) FROM model_jobs WHERE status = 'due') AS model_jobs_due,
       (SELECT count(*) FROM model_jobs WHERE status = 'failed') AS model_jobs_failed
"""
LETTERS = 'SELECT topic, partition, "offset", key, reason FROM dead_letters ORDER BY 1, 2, 3 LIMIT 500'


async def overview(pool: Pool) -> Mapping[str, Any]:
    """Counts of everything that can wait or fail."""
    return dict(await pool.fetchrow(COUNTS))


async def dead_letters(pool: Pool) -> Sequence[Mapping[str, Any]]:
    """Records that could not be read, with the reason."""
    rows = await pool.fetch(LETTERS)
    return [{**dict(row), "key": row["key"].decode("utf-8", "replace")} for row in rows]


async def retry_reports(pool: Pool) -> int:
    """Makes given-up reports due again; how many."""
    tag = await pool.execute("UPDATE report_jobs SET status = 'due', attempts = 0 WHERE status = 'failed'")
    return affected(tag)
