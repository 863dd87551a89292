"""Exercises: the built-in catalogue, what users add to it, and which of them are one and the same."""

from shared.domains.exercises.events import EVENTS
from shared.domains.exercises.fold import changes
from shared.registry import Domain, Stream

DOMAIN = Domain(
    name="exercises",
    events=EVENTS,
    streams=(
        Stream(
            "exercise",
            "exercise_id",
            creates="ExerciseDefined",
            updates="ExerciseUpdated",
            removes="ExerciseArchived",
            restores="ExerciseRestored",
            merges="ExercisesMerged",
            splits="ExercisesSplit",
        ),
    ),
    changes=changes,
)
