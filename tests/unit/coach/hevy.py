"""The real Hevy history as a coach's training log, and as plain rows for computing independently."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from client.importing.export import Export
from client.importing.identifiers import custom_exercise_id, set_id, workout_id
from client.importing.reading import read_export
from services.coach.facts.log import TrainingLog
from shared.domains.exercises.catalogue import find
from shared.fold import Recorded, fold
from shared.registry import registry

SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hevy.csv"
DEVICE = UUID(int=1)


@cache
def export() -> Export:
    return read_export(SAMPLE.read_bytes(), unit=None, time_zone=ZoneInfo("UTC"))


def exercise_id(name: str) -> UUID:
    known = find(name)
    return known.exercise_id if known else custom_exercise_id(name)


def payloads() -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    """`(event type, occurred at, payload)` of the whole history."""
    source = export().source
    names = {row.exercise_name for session in export().sessions for row in session.sets}
    for name in sorted(names):
        if find(name) is None:
            yield (
                "ExerciseDefined",
                datetime(2020, 1, 1, tzinfo=UTC),
                {"exercise_id": str(exercise_id(name)), "name": name, "muscle_category": "other"},
            )
    for session in export().sessions:
        workout = str(workout_id(source, session.key))
        start = session.started_at.isoformat()
        yield "WorkoutStarted", session.started_at, {"workout_id": workout, "started_at": start, "name": session.name}
        for row in session.sets:
            yield "SetCompleted", row.completed_at, _set(source, session.key, workout, row)
        if session.ended_at:
            end = session.ended_at
            yield "WorkoutEnded", end, {"workout_id": workout, "ended_at": end.isoformat()}


def _set(source: Any, key: str, workout: str, row: Any) -> dict[str, Any]:
    said = {
        "set_id": str(set_id(source, key, row.exercise_name, row.ordinal, row.occurrence)),
        "workout_id": workout,
        "exercise_id": str(exercise_id(row.exercise_name)),
        "completed_at": row.completed_at.isoformat(),
        "set_type": row.set_type.value,
        "reps": row.reps,
        "weight": None if row.weight is None else float(row.weight),
        "weight_unit": row.weight_unit.value,
        "rpe": None if row.rpe is None else float(row.rpe),
        "duration_s": None if row.duration_s is None else float(row.duration_s),
        "distance_m": None if row.distance_m is None else float(row.distance_m),
    }
    return {name: value for name, value in said.items() if value is not None}


@cache
def training_log() -> TrainingLog:
    recorded = [
        Recorded(registry().parse(kind, 1, payload), uuid5(DEVICE, str(number)), DEVICE, number, at, {})
        for number, (kind, at, payload) in enumerate(payloads(), start=1)
    ]
    return TrainingLog.of(fold(recorded))
