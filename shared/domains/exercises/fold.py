"""What each event says about exercises, and which exercise stands for several."""

from collections.abc import Mapping
from uuid import UUID

from shared.domains.exercises.events import (
    ExerciseArchived,
    ExerciseDefined,
    ExerciseEvent,
    ExerciseRestored,
    ExercisesMerged,
    ExercisesSplit,
    ExerciseUpdated,
)
from shared.registry import REMOVED, Change

MERGED_INTO = "merged_into"


def changes(event: ExerciseEvent) -> tuple[Change, ...]:
    match event:
        case ExerciseDefined() | ExerciseUpdated():
            return (Change("exercise", event.exercise_id, event.changed("exercise_id")),)
        case ExerciseArchived():
            return (Change("exercise", event.exercise_id, {REMOVED: True}),)
        case ExerciseRestored():
            return (Change("exercise", event.exercise_id, {REMOVED: False}),)
        case ExercisesMerged():
            return (Change("exercise", event.from_id, {MERGED_INTO: event.into_id}),)
        case ExercisesSplit():
            return (Change("exercise", event.from_id, {MERGED_INTO: None}),)


def representative(exercise_id: UUID, merged_into: Mapping[UUID, UUID]) -> UUID:
    """The exercise that stands for this one: merges are followed; a cycle is represented by its smallest id."""
    path: list[UUID] = []
    while exercise_id in merged_into:
        if exercise_id in path:
            return min(path[path.index(exercise_id) :])
        path.append(exercise_id)
        exercise_id = merged_into[exercise_id]
    return exercise_id
