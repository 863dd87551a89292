"""The rows of the Hevy file in an SQLite table, with weighings and goals beside them, for computing independently.

Nothing here knows of coach or of the shared views: only the importer's times of sets, which no file has, and the
catalogue's ids, names and muscles are the product's.
"""

import csv
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from services.coach.facts.log import TrainingLog
from shared.domains.exercises.catalogue import find
from shared.fold import Recorded, fold
from shared.registry import registry
from tests.unit.coach.hevy import DEVICE, content, export, payloads

TABLES = """
CREATE TABLE asked (at);
INSERT INTO asked VALUES ('9999');
CREATE TABLE all_workouts (workout INTEGER PRIMARY KEY, title, started, ended, week);
CREATE TABLE all_sets (workout, exercise, exercise_id, kind, weight, reps, rpe, completed);
CREATE TABLE muscles (exercise, muscle, part);
CREATE TABLE body (measured, week, weight, waist, neck);
CREATE TABLE goals (goal_id, kind, target, unit, exercise, by_day);
CREATE VIEW workouts AS SELECT * FROM all_workouts WHERE started <= (SELECT at FROM asked);
CREATE VIEW sets AS SELECT * FROM all_sets WHERE completed <= (SELECT at FROM asked);
CREATE VIEW working AS
  SELECT *, coalesce(weight * reps, 0) AS volume, coalesce(rpe, 0) = 0 OR rpe >= 6 AS hard,
         reps + 10 - coalesce(rpe, 10) AS possible
  FROM sets JOIN workouts USING (workout) WHERE kind <> 'warmup';
CREATE VIEW estimates AS
  SELECT *, weight * (CASE WHEN possible = 1 THEN 1 ELSE (30 + possible) / 30.0 END) AS e1rm FROM working
  WHERE kind <> 'dropset' AND weight > 0 AND reps > 0 AND possible <= 12;
"""
HEIGHT_CM = 181
GOALS = (
    ("body_weight", 80, "kg", None, "2026-01-31"),
    ("body_fat", 12, "%", None, None),
    ("e1rm", 150, "kg", "Squat (Barbell)", None),
    ("load", 140, "kg", "Squat (Barbell)", "2026-06-30"),
    ("workouts_per_week", 4, "workouts", None, None),
    ("sets_per_week", 60, "sets", None, None),
    ("other", None, None, None, None),
)


def moment(at: datetime) -> str:
    """Text that sorts as the moments do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def week(at: datetime) -> str:
    year, number, _ = at.isocalendar()
    return f"{year}-W{number:02d}"


def name_of(exercise: str) -> str:
    known = find(exercise)
    return known.name if known else exercise


def weighings() -> Iterator[tuple[datetime, float, float, float]]:
    """Every ninth day: kg, waist and neck in cm."""
    chance = Random(3)
    first = min(session.started_at for session in export().sessions).replace(hour=6, minute=30)
    last = max(session.started_at for session in export().sessions)
    for number in range((last - first).days // 9):
        at = first + timedelta(days=9 * number)
        yield at, round(88 - number / 8 + chance.random(), 1), round(92 - number / 5 + chance.random(), 1), 39.5


@cache
def table() -> sqlite3.Connection:
    """Everything; `until` hides what was not there yet."""
    made = sqlite3.connect(":memory:")
    made.executescript(TABLES)
    made.executemany("INSERT INTO all_workouts VALUES (?, ?, ?, ?, ?)", _workouts())
    made.executemany("INSERT INTO all_sets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _sets())
    made.executemany("INSERT INTO muscles VALUES (?, ?, ?)", _muscles())
    made.executemany(
        "INSERT INTO body VALUES (?, ?, ?, ?, ?)", [(moment(at), week(at), *rest) for at, *rest in weighings()]
    )
    made.executemany(
        "INSERT INTO goals VALUES (?, ?, ?, ?, ?, ?)", [(number, *goal) for number, goal in enumerate(GOALS)]
    )
    return made


def until(end: datetime) -> None:
    """From now on queries see what happened before a moment."""
    table().execute("UPDATE asked SET at = ?", (moment(end),))


def _rows() -> list[dict[str, str]]:
    return list(csv.DictReader(content().decode().splitlines()))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _at(text: str) -> datetime:
    return datetime.strptime(text, "%d %b %Y, %H:%M").replace(tzinfo=UTC)


@cache
def _keys() -> dict[tuple[str, str, str], int]:
    """Workouts by title, start and end."""
    return {key: n for n, key in enumerate(dict.fromkeys(_key(row) for row in _rows()))}


def _key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["title"], row["start_time"], row["end_time"]


def _workouts() -> Iterator[tuple[Any, ...]]:
    for (title, start, end), number in _keys().items():
        yield number, title, moment(_at(start)), moment(_at(end)), week(_at(start))


def _sets() -> Iterator[tuple[Any, ...]]:
    times = {row.line: row.completed_at for session in export().sessions for row in session.sets}
    for line, row in enumerate(_rows(), start=2):
        name = row["exercise_title"]
        known = find(name)
        yield (
            _keys()[_key(row)],
            name_of(name),
            known.exercise_id.hex if known else "",
            row["set_type"],
            _number(row["weight_kg"]),
            _number(row["reps"]),
            _number(row["rpe"]),
            moment(times[line]),
        )


def _muscles() -> Iterator[tuple[str, str, float]]:
    for name in {name_of(row["exercise_title"]) for row in _rows()}:
        if known := find(name):
            yield known.name, known.muscle_category.value, 1
            yield from ((known.name, m.value, 0.5) for m in known.secondary if m is not known.muscle_category)
        else:
            yield name, "other", 1


@cache
def log_until(end: datetime) -> TrainingLog:
    """The same history as coach folds it, of what happened before a moment."""
    happened = [said for said in everything_said() if said[1] <= end]
    recorded = [
        Recorded(registry().parse(kind, version, payload), UUID(int=number), DEVICE, number, at, {})
        for number, (kind, at, payload) in enumerate(happened, start=1)
        if (version := registry().events[kind].schema_version)
    ]
    return TrainingLog.of(fold(recorded))


def everything_said() -> list[tuple[str, datetime, dict[str, Any]]]:
    """`(event type, occurred at, payload)` of workouts, weighings and goals."""
    return [*payloads(), *_body(), *_goals()]


def _body() -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    yield "ProfileUpdated", datetime(2020, 1, 1, tzinfo=UTC), {"sex": "male", "height": HEIGHT_CM}
    for number, (at, weight, waist, neck) in enumerate(weighings(), start=1):
        said = {"measurement_id": str(UUID(int=number)), "measured_at": at.isoformat()}
        yield "BodyMeasurementRecorded", at, {**said, "weight": weight, "waist": waist, "neck": neck}


def _goals() -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    for number, (kind, target, unit, exercise, by) in enumerate(GOALS):
        known = find(exercise) if exercise else None
        said = {
            "goal_id": str(UUID(int=number)),
            "kind": kind,
            "target": target,
            "unit": unit,
            "exercise_id": str(known.exercise_id) if known else None,
            "by": by,
        }
        given = {name: value for name, value in said.items() if value is not None}
        yield "GoalSet", datetime(2020, 1, 1, tzinfo=UTC), given
