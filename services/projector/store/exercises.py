"""Reads around exercises."""

from uuid import UUID

from services.projector.store.reading import Reading
from services.projector.views import exercises as exercises_view
from services.projector.views import sets as sets_view
from services.projector.views.rows import rows_of
from shared.views.exercises import ExerciseRow, Exercises
from shared.views.sets import SetRow


async def exercises_of(reading: Reading) -> Exercises:
    """All exercises that the user can mean."""
    scope = [(reading.user_id,)]
    rows = await rows_of(reading.connection, exercises_view.TABLE, ExerciseRow, ["user_id"], scope)
    return Exercises(row for _, row in rows)


async def has_sets(reading: Reading, exercise_id: UUID) -> bool:
    """Whether the user ever did a set of it."""
    query = "SELECT true FROM sets_projection WHERE user_id = $1 AND exercise_id = $2 LIMIT 1"
    return bool(await reading.one(query, reading.user_id, exercise_id))


async def sets_of(reading: Reading, exercise_id: UUID) -> list[SetRow]:
    """All sets of an exercise."""
    scope = [(reading.user_id, exercise_id)]
    found = await rows_of(reading.connection, sets_view.TABLE, SetRow, ["user_id", "exercise_id"], scope)
    return [row for _, row in sets_view.exact(found)]
