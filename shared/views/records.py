"""Personal records: the best of each kind, derived from the whole history of an exercise."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import ClassVar
from uuid import UUID

from shared.domains.workouts.events import SetType
from shared.domains.workouts.volume import ZERO
from shared.views.rows import Row, row_of_many
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


@row_of_many
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


Best = dict[tuple[RecordKind, Decimal | None], tuple[Decimal, SetRow]]


def record_rows(exercise_id: UUID, sets: Iterable[SetRow]) -> list[RecordRow]:
    """The records of one exercise from all of its set rows (those that do not count are left out here).

    Warm-ups set no record; partials none for load, reps and e1RM; a failed set (0 reps) none at all; e1RM only from
    reliable estimates. Values must be above 0. Repetitions without any load count as those at 0 kg.
    """
    counted = (row for row in sets if row.counted and row.working)
    working = sorted(counted, key=lambda row: (row.completed_at, row.set_id))
    best: Best = {}
    for row in working:
        for kind, load, value in _claims(row):
            _claim(best, kind, load, value, row)
    for total, last in _sessions(working):
        _claim(best, RecordKind.SESSION_VOLUME, None, total, last)
    return [
        RecordRow(exercise_id, kind, load, value, _UNITS[kind], row.set_id, row.workout_id, row.completed_at)
        for (kind, load), (value, row) in best.items()
    ]


def _claim(best: Best, kind: RecordKind, load: Decimal | None, value: Decimal, row: SetRow) -> None:
    """Claims come in order of time, so that only a greater value beats the standing one."""
    standing = best.get((kind, load))
    if value > (standing[0] if standing else ZERO):
        best[kind, load] = value, row


def _claims(row: SetRow) -> Iterator[tuple[RecordKind, Decimal | None, Decimal]]:
    if row.reps == 0:
        return
    if row.set_type != SetType.PARTIAL:
        if row.load_kg:
            yield RecordKind.LOAD, None, row.load_kg
        if row.reps:
            yield RecordKind.REPS_AT_LOAD, row.load_kg or ZERO, Decimal(row.reps)
    if row.e1rm_kg is not None and not row.low_confidence:
        yield RecordKind.E1RM, None, row.e1rm_kg
    yield RecordKind.SET_VOLUME, None, row.volume_kg
    if row.duration_s:
        yield RecordKind.DURATION, None, row.duration_s
    if row.distance_m:
        yield RecordKind.DISTANCE, None, row.distance_m


def _sessions(sets: Iterable[SetRow]) -> list[tuple[Decimal, SetRow]]:
    """The volume of each workout with its last set, in order of those. `sets` are in order of time."""
    totals: dict[UUID, tuple[Decimal, SetRow]] = {}
    for _, run in groupby(sets, attrgetter("workout_id.int")):
        rows = list(run)
        before, _ = totals.pop(rows[0].workout_id, (ZERO, rows[0]))
        totals[rows[0].workout_id] = sum((row.volume_kg for row in rows), before), rows[-1]
    return list(totals.values())
