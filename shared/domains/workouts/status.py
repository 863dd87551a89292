"""The status of a workout, which no event says: it follows from its fields."""

from enum import StrEnum

from shared.fold import Entity


class WorkoutStatus(StrEnum):
    """A workout is in progress until it is ended; a discarded one counts nowhere until it is restored."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DISCARDED = "discarded"


def workout_status(entity: Entity | None) -> WorkoutStatus | None:
    """None as long as nobody has said when the workout started: its end or its sets may come first."""
    if entity is None or entity.value("started_at") is None:
        return None
    if entity.removed:
        return WorkoutStatus.DISCARDED
    return WorkoutStatus.COMPLETED if entity.value("ended_at") is not None else WorkoutStatus.IN_PROGRESS
