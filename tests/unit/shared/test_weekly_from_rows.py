"""Weekly metrics of a real training log equal an independent computation in SQL over its raw rows."""

import csv
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from shared.domains.exercises.catalogue import find
from shared.fold import Recorded, fold
from shared.registry import registry
from shared.views.whole import rows_of
from tests.stories import PHONE

LOG = Path(__file__).parents[3].parent / "shared" / "data" / "hevy.csv"
NAMES = UUID(int=1)
SET_TYPES = {"normal": "normal", "warmup": "warmup", "failure": "failure", "dropset": "drop"}
Rows = list[dict[str, str]]

# The Thursday of a day's ISO week tells its year, and how many weeks of it have begun.
PER_WEEK = """
SELECT strftime('%Y', thursday) || '-W' || printf('%02d', (strftime('%j', thursday) + 6) / 7) AS week,
       count(DISTINCT started) AS workouts,
       sum(set_type <> 'warmup') AS sets,
       sum(CASE WHEN set_type <> 'warmup' THEN coalesce(reps * weight_kg, 0) ELSE 0 END) AS tonnage_kg,
       avg(CASE WHEN set_type <> 'warmup' THEN rpe END) AS average_rpe,
       (SELECT sum(seconds) FROM (SELECT DISTINCT started, thursday, seconds FROM rows) w
         WHERE w.thursday = rows.thursday) AS duration_s
  FROM rows GROUP BY thursday ORDER BY thursday
"""


def when(text: str) -> datetime:
    return datetime.strptime(text, "%d %b %Y, %H:%M").replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def rows() -> Rows:
    if not LOG.exists():
        pytest.skip("the sample log is not beside the project")
    with LOG.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def independent(rows: Rows) -> list[dict[str, Any]]:
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    database.execute("CREATE TABLE rows (started, thursday, seconds, set_type, weight_kg REAL, reps INT, rpe REAL)")
    for row in rows:
        start, end = when(row["start_time"]), when(row["end_time"])
        numbers = [row[name] or None for name in ("weight_kg", "reps", "rpe")]
        database.execute(
            "INSERT INTO rows VALUES (?1, date(?1, '-3 days', 'weekday 4'), ?2, ?3, ?4, ?5, ?6)",
            (f"{start:%Y-%m-%d %H:%M}", (end - start).total_seconds(), row["set_type"], *numbers),
        )
    return [dict(row) for row in database.execute(PER_WEEK)]


def told(rows: Rows) -> Iterator[tuple[str, dict[str, Any]]]:
    begun: set[UUID] = set()
    for line, row in enumerate(rows):
        workout_id, start = uuid5(NAMES, row["start_time"]), when(row["start_time"])
        if workout_id not in begun:
            begun.add(workout_id)
            yield "WorkoutStarted", {"workout_id": workout_id, "started_at": start.isoformat()}
            yield "WorkoutEnded", {"workout_id": workout_id, "ended_at": when(row["end_time"]).isoformat()}
        weight = {"weight": float(row["weight_kg"])} if row["weight_kg"] else {}
        effort = {"rpe": float(row["rpe"])} if row["rpe"] else {}
        built_in = find(row["exercise_title"])
        yield (
            "SetCompleted",
            {
                "set_id": UUID(int=line + 1),
                "workout_id": workout_id,
                "exercise_id": built_in.exercise_id if built_in else uuid5(NAMES, row["exercise_title"]),
                "completed_at": start.isoformat(),
                "set_type": SET_TYPES[row["set_type"]],
                "reps": int(row["reps"] or 0),
                **weight,
                **effort,
            },
        )


def test_weekly_metrics_of_a_real_log(rows: Rows) -> None:
    events = enumerate(told(rows), 1)
    recorded = [
        Recorded(registry().parse(event_type, 1, payload), UUID(int=n), PHONE, n, datetime(2026, 1, 1, tzinfo=UTC), {})
        for n, (event_type, payload) in events
    ]

    weekly = sorted((row.content() for row in rows_of(fold(recorded))["weekly"]), key=lambda row: row["week"])

    assert weekly
    for mine, theirs in zip(weekly, independent(rows), strict=True):
        for name in ("week", "workouts", "sets", "duration_s"):
            assert mine[name] == theirs[name], mine["week"]
        for name in ("tonnage_kg", "average_rpe"):
            assert mine[name] == pytest.approx(theirs[name], abs=1e-6), mine["week"]
