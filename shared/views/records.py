"""Personal records: the best of each kind, derived from the whole history of an exercise."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.domains.workouts.events import SetType
from shared.domains.workouts.volume import ZERO
from shared.views.rows import Row
from shared.views.sets import SetRow


class RecordKind(StrEnum):
    """What is compared."""

    LOAD = "load"
    REPS_AT_LOAD = "reps_at_load"
    E1RM = "e1rm"
    SET_VOLUME = "set_volume"
    SESSION_VOLUME = "session_volume"
    DURATION = "duration"
    DISTANCE = "distance"


_UNITS = {
    RecordKind.LOAD: "kg",
    RecordKind.REPS_AT_LOAD: "reps",
    RecordKind.E1RM: "kg",
    RecordKind.SET_VOLUME: "kg",
    RecordKind.SESSION_VOLUME: "kg",
    RecordKind.DURATION: "s",
    RecordKind.DISTANCE: "m",
}


@dataclass(frozen=True, slots=True)
class RecordRow(Row):
    """`load_kg` is the load at which repetitions are counted (`reps_at_load`), else None.

    `set_id` is the set that did it; for `session_volume` the last one of the session, which completed it.
    """

    KEY: ClassVar = ("exercise_id", "kind", "load_kg")

    exercise_id: UUID
    kind: RecordKind
    load_kg: Decimal | None
    value: Decimal
    unit: str
    set_id: UUID
    workout_id: UUID
    achieved_at: datetime


def record_rows(exercise_id: UUID, sets: Iterable[SetRow]) -> list[RecordRow]:
    """The records of one exercise from all of its set rows (those that do not count are left out here).

    Warm-ups set no record; partials none for load, reps and e1RM; a failed set (0 reps) none at all; e1RM only from
    reliable estimates. Values must be above 0, except the load of `reps_at_load`: repetitions without any load count
    as those at 0 kg.
    """
    counted = (row for row in sets if row.counted and row.working)
    working = sorted(counted, key=lambda row: (row.completed_at, row.set_id))
    best: dict[tuple[RecordKind, Decimal | None], RecordRow] = {}
    for record in (*_of_sets(exercise_id, working), *_of_sessions(exercise_id, working)):
        standing = best.get((record.kind, record.load_kg))
        if record.value > 0 and (standing is None or _beats(record, standing)):
            best[record.kind, record.load_kg] = record
    return list(best.values())


def _beats(record: RecordRow, standing: RecordRow) -> bool:
    """Greater, or as great and earlier."""
    if record.value != standing.value:
        return record.value > standing.value
    return (record.achieved_at, record.set_id) < (standing.achieved_at, standing.set_id)


def _of_sets(exercise_id: UUID, sets: Iterable[SetRow]) -> Iterator[RecordRow]:
    for row in sets:
        for kind, value, load in _claims(row):
            yield RecordRow(exercise_id, kind, load, value, _UNITS[kind], row.set_id, row.workout_id, row.completed_at)


def _claims(row: SetRow) -> Iterator[tuple[RecordKind, Decimal, Decimal | None]]:
    if row.reps == 0:
        return
    if row.set_type is not SetType.PARTIAL:
        yield RecordKind.LOAD, row.load_kg or ZERO, None
        yield RecordKind.REPS_AT_LOAD, Decimal(row.reps or 0), row.load_kg or ZERO
    if row.e1rm_kg is not None and not row.low_confidence:
        yield RecordKind.E1RM, row.e1rm_kg, None
    yield RecordKind.SET_VOLUME, row.volume_kg, None
    yield RecordKind.DURATION, row.duration_s or ZERO, None
    yield RecordKind.DISTANCE, row.distance_m or ZERO, None


def _of_sessions(exercise_id: UUID, sets: Iterable[SetRow]) -> Iterator[RecordRow]:
    """The volume of each workout. `sets` are in order of time."""
    sessions: dict[UUID, list[SetRow]] = {}
    for row in sets:
        sessions.setdefault(row.workout_id, []).append(row)
    kind = RecordKind.SESSION_VOLUME
    for workout_id, rows in sessions.items():
        total, last = sum((row.volume_kg for row in rows), ZERO), rows[-1]
        yield RecordRow(exercise_id, kind, None, total, _UNITS[kind], last.set_id, workout_id, last.completed_at)
