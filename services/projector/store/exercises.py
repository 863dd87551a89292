"""Reads around exercises."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import TypeAdapter

from services.projector.store.reading import Reading
from services.projector.views import exercises as exercises_view
from services.projector.views.rows import rows_of
from shared.domains.workouts.events import SetType
from shared.domains.workouts.status import WorkoutStatus
from shared.domains.workouts.volume import is_working, volume
from shared.views.exercises import ExerciseRow, Exercises, catalogue_row
from shared.views.progress import ProgressRow, progress_of

COUNTED = [WorkoutStatus.IN_PROGRESS, WorkoutStatus.COMPLETED]
"""The workouts whose sets count as done."""
_WORKING = [set_type.value for set_type in SetType if is_working(set_type)]
# As one JSON list, which costs least to hand over.
_DONE = """
SELECT '[' || coalesce(string_agg(content, ',' ORDER BY completed_at, set_id), '') || ']' FROM sets_projection
WHERE user_id = $1 AND exercise_id = $2 AND workout_status = ANY($3::text[]) AND set_type = ANY($4::text[])
"""


@dataclass(frozen=True, slots=True)
class Done:
    """A stored set as far as progress asks: of its many fields only these are read."""

    set_id: UUID
    workout_id: UUID
    completed_at: datetime
    reps: int | None
    load_kg: Decimal | None
    e1rm_kg: Decimal | None
    low_confidence: bool

    @property
    def volume_kg(self) -> Decimal:
        """Multiplied again: a JSON number holds 15 digits, and a volume may have more."""
        return volume(self.reps, self.load_kg)


_parse = TypeAdapter(list[Done]).validate_json


async def exercises_of(reading: Reading) -> Exercises:
    """All exercises that the user can mean."""
    scope = [(reading.user_id,)]
    rows = await rows_of(reading.connection, exercises_view.TABLE, ExerciseRow, ["user_id"], scope)
    return Exercises(row for _, row in rows)


async def exercise_of(reading: Reading, exercise_id: UUID) -> ExerciseRow | None:
    """One exercise that the user can mean: the user's own row before that of the catalogue."""
    scope, by = [(reading.user_id, exercise_id)], ["user_id", "exercise_id"]
    rows = await rows_of(reading.connection, exercises_view.TABLE, ExerciseRow, by, scope)
    return rows[0][1] if rows else catalogue_row(exercise_id)


async def has_sets(reading: Reading, exercise_id: UUID) -> bool:
    """Whether the user ever did a set of it."""
    query = "SELECT true FROM sets_projection WHERE user_id = $1 AND exercise_id = $2 LIMIT 1"
    return bool(await reading.one(query, reading.user_id, exercise_id))


async def progress_in(reading: Reading, exercise_id: UUID) -> Sequence[ProgressRow]:
    """The progress of an exercise, workout by workout, oldest first."""
    done = _parse(await reading.one(_DONE, reading.user_id, exercise_id, COUNTED, _WORKING) or "[]")
    return sorted(progress_of(exercise_id, done), key=began)


def began(row: ProgressRow) -> tuple[datetime, UUID]:
    """The place of a workout in a series."""
    return row.completed_at, row.workout_id
