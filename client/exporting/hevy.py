"""The workouts as a table in the shape that Hevy exports and many apps import. Weights in kg."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from client.clock import in_zone
from client.projections import Projection
from shared.domains.workouts.events import LoadBasis
from shared.domains.workouts.status import WorkoutStatus
from shared.values import plain
from shared.views.sets import SetRow
from shared.views.workouts import WorkoutRow

COLUMNS = (
    "title",
    "start_time",
    "end_time",
    "description",
    "exercise_title",
    "superset_id",
    "exercise_notes",
    "set_index",
    "set_type",
    "weight_kg",
    "reps",
    "distance_km",
    "duration_seconds",
    "rpe",
)
_TYPES = {"warmup": "warmup", "drop": "dropset", "failure": "failure"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_table(projection: Projection, zone: ZoneInfo) -> str:
    """All completed sets, the newest workout first, as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    by_workout: dict[UUID, list[SetRow]] = {}
    for row in projection.sets:
        by_workout.setdefault(row.workout_id, []).append(row)
    for workout in projection.workouts:
        if workout.status is not WorkoutStatus.DISCARDED:
            writer.writerows(_rows(workout, by_workout.get(workout.workout_id, []), projection, zone))
    return buffer.getvalue()


def _rows(
    workout: WorkoutRow, sets: list[SetRow], projection: Projection, zone: ZoneInfo
) -> Iterator[tuple[object, ...]]:
    done: Counter[UUID] = Counter()
    supersets: dict[str | int, int] = {}
    for row in sets:
        exercise = projection.exercises.get(row.exercise_id)
        superset = "" if row.superset_id is None else supersets.setdefault(row.superset_id, len(supersets))
        yield (
            workout.name or "",
            _time(workout.started_at, zone),
            _time(workout.ended_at or sets[-1].completed_at, zone),
            _text(workout.notes),
            exercise.name if exercise else str(row.exercise_id),
            superset,
            _text(row.notes),
            done[row.exercise_id],
            _TYPES.get(row.set_type.value, "normal"),
            _weight(row),
            "" if row.reps is None else row.reps,
            "" if row.distance_m is None else plain(row.distance_m / 1000),
            "" if row.duration_s is None else plain(row.duration_s),
            "" if row.rpe is None else plain(row.rpe),
        )
        done[row.exercise_id] += 1


def _weight(row: SetRow) -> object:
    if row.weight is None:
        return ""
    return plain(-row.weight if row.load_basis is LoadBasis.ASSISTED else row.weight)


def _text(text: str | None) -> str:
    return (text or "").replace("\n", "\\n")


def _time(moment: datetime, zone: ZoneInfo) -> str:
    local = in_zone(moment, zone)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"
