"""The progress of an exercise, workout by workout. Made from set rows when it is asked for; not stored."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Protocol
from uuid import UUID

from shared.domains.workouts.volume import ZERO
from shared.views.rows import Row, row_of_many
from shared.views.sets import SetRow


@row_of_many
class ProgressRow(Row):
    """What one workout brought for an exercise, warm-ups left out.

    `e1rm_kg` is its best estimate (reliable ones before others, else flagged by `low_confidence`), from the set
    `e1rm_set_id`. The best set is the one with the heaviest load, then the most repetitions.
    """

    KEY: ClassVar = ("exercise_id", "workout_id")

    exercise_id: UUID
    workout_id: UUID
    completed_at: datetime
    sets: int
    reps: int
    volume_kg: Decimal
    e1rm_kg: Decimal | None
    e1rm_set_id: UUID | None
    low_confidence: bool
    best_set_id: UUID
    best_load_kg: Decimal | None
    best_reps: int | None


class Working(Protocol):
    """A set that counts and is no warm-up, as far as progress asks."""

    @property
    def set_id(self) -> UUID: ...
    @property
    def workout_id(self) -> UUID: ...
    @property
    def completed_at(self) -> datetime: ...
    @property
    def reps(self) -> int | None: ...
    @property
    def load_kg(self) -> Decimal | None: ...
    @property
    def volume_kg(self) -> Decimal: ...
    @property
    def e1rm_kg(self) -> Decimal | None: ...
    @property
    def low_confidence(self) -> bool: ...


def progress(exercise_id: UUID, sets: Iterable[SetRow]) -> list[ProgressRow]:
    """The series of an exercise, oldest first, from all of its set rows; `completed_at` is that of the first set."""
    working = (row for row in sets if row.counted and row.working)
    return progress_of(exercise_id, sorted(working, key=lambda row: (row.completed_at, row.set_id)))


def progress_of(exercise_id: UUID, sets: Iterable[Working]) -> list[ProgressRow]:
    """The same from just the sets that count, which come by `completed_at` and id."""
    sessions: dict[UUID, list[Working]] = {}
    for row in sets:
        sessions.setdefault(row.workout_id, []).append(row)
    return [_session(exercise_id, workout_id, rows) for workout_id, rows in sessions.items()]


def _session(exercise_id: UUID, workout_id: UUID, rows: list[Working]) -> ProgressRow:
    strongest = max((row for row in rows if row.e1rm_kg is not None), key=_strength, default=None)
    best = max(rows, key=lambda row: (row.load_kg or ZERO, row.reps or 0))
    return ProgressRow(
        exercise_id=exercise_id,
        workout_id=workout_id,
        completed_at=rows[0].completed_at,
        sets=len(rows),
        reps=sum(row.reps or 0 for row in rows),
        volume_kg=sum((row.volume_kg for row in rows), ZERO),
        e1rm_kg=strongest.e1rm_kg if strongest else None,
        e1rm_set_id=strongest.set_id if strongest else None,
        low_confidence=strongest.low_confidence if strongest else False,
        best_set_id=best.set_id,
        best_load_kg=best.load_kg,
        best_reps=best.reps,
    )


def _strength(row: Working) -> tuple[bool, Decimal]:
    return not row.low_confidence, row.e1rm_kg or ZERO
