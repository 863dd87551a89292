"""Workouts and the sets done in them."""

from shared.domains.workouts.events import EVENTS
from shared.domains.workouts.fold import changes
from shared.registry import Domain, Stream

DOMAIN = Domain(
    name="workouts",
    events=EVENTS,
    streams=(
        Stream("workout", "workout_id", "WorkoutStarted", "WorkoutUpdated", "WorkoutDiscarded", "WorkoutRestored"),
        Stream("set", "set_id", "SetCompleted", "SetCorrected", "SetRemoved", "SetRestored"),
    ),
    changes=changes,
)
