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


def representatives(merged_into: Mapping[UUID, UUID]) -> Mapping[UUID, UUID]:
    """The exercise that stands for each merged one: merges are followed; a cycle is represented by its smallest id.

    Each is followed once, since who merges thousands into one another must not hold up the others.
    """
    found: dict[UUID, UUID] = {}
    for start in merged_into:
        path: dict[UUID, int] = {}
        at = start
        while at in merged_into and at not in found and at not in path:
            path[at] = len(path)
            at = merged_into[at]
        stands = min(list(path)[path[at] :]) if at in path else found.get(at, at)
        found |= dict.fromkeys(path, stands)
    return found
