"""What each event says about workouts and sets."""

from shared.domains.workouts.events import (
    SetCompleted,
    SetCorrected,
    SetRemoved,
    SetRestored,
    WorkoutDiscarded,
    WorkoutEnded,
    WorkoutEvent,
    WorkoutRestored,
    WorkoutStarted,
    WorkoutUpdated,
)
from shared.registry import REMOVED, Change


def changes(event: WorkoutEvent) -> tuple[Change, ...]:
    match event:
        # First what comes most: each class that an event is not of costs time.
        case SetCompleted() | SetCorrected():
            return (Change("set", event.set_id, event.changed("set_id")),)
        case WorkoutStarted() | WorkoutUpdated() | WorkoutEnded():
            return (Change("workout", event.workout_id, event.changed("workout_id")),)
        case WorkoutDiscarded():
            return (Change("workout", event.workout_id, {REMOVED: True}),)
        case WorkoutRestored():
            return (Change("workout", event.workout_id, {REMOVED: False}),)
        case SetRemoved():
            return (Change("set", event.set_id, {REMOVED: True}),)
        case SetRestored():
            return (Change("set", event.set_id, {REMOVED: False}),)
