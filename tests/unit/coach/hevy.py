"""A Hevy history as a coach's training log, and as plain rows for computing independently.

The real one where it lies beside the project, else one of the same form from a seed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
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
def content() -> bytes:
    """The file."""
    return SAMPLE.read_bytes() if SAMPLE.exists() else generated().encode()


@cache
def export() -> Export:
    return read_export(content(), unit=None, time_zone=ZoneInfo("UTC"))


HEADER = (
    '"title","start_time","end_time","description","exercise_title","superset_id","exercise_notes","set_index",'
    '"set_type","weight_kg","reps","distance_km","duration_seconds","rpe"'
)
PROGRAMME = {
    "Upper": {"Bench Press (Barbell)": 80, "Bent Over Row (Barbell)": 70, "Shrug (Dumbbell)": 30},
    "Lower": {"Squat (Barbell)": 100, "Leg Extension (Machine)": 60, "Seated Leg Curl (Machine)": 50},
    "Arms": {"Bicep Curl (Barbell)": 35, "Crunch (Cable)": 40, "Squat (Barbell)": 90},
}


def generated() -> str:
    """Forty weeks that end on 15 September 2025, with warm-ups, rising and falling loads and unknown effort."""
    chance, lines = Random(7), [HEADER]
    last = datetime(2025, 9, 15, 7, 48, tzinfo=UTC)
    for day in range(280, -1, -1):
        title = {0: "Lower", 2: "Upper", 4: "Arms", 5: "Upper"}.get(day % 7)
        if title is None or (day and chance.random() < 0.1):
            continue
        start = last - timedelta(days=day)
        end = start + timedelta(minutes=chance.randrange(45, 90))
        for name, weight in PROGRAMME[title].items():
            lines += _rows(chance, title, start, end, name, weight + (280 - day) // 28 * chance.choice((0, 1, 2.5)))
    return "\n".join(lines)


def _rows(chance: Random, title: str, start: datetime, end: datetime, name: str, weight: float) -> Iterator[str]:
    times = [f"{moment.day} {moment:%b %Y, %H:%M}" for moment in (start, end)]
    for index in range(chance.randrange(2, 6)):
        kind = "warmup" if index == 0 else chance.choice(("normal", "normal", "failure"))
        rpe = chance.choice(("", 7, 8, 8.5, 9, 9.5, 10, 5))
        cells = [title, *times, "", name, None, "", str(index), kind, weight, chance.randrange(3, 14), None, None, rpe]
        yield ",".join(
            "" if cell is None else f'"{cell}"' if isinstance(cell, str) and cell else str(cell) for cell in cells
        )


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


NOW = training_log().workouts[-1].started_at + timedelta(days=3)
