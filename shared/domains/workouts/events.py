"""What happens in a gym: workouts begin and end, sets are done, corrected, taken away."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import AfterValidator, StringConstraints, model_validator

from shared.registry import DomainEvent
from shared.values import (
    Count,
    Measure,
    Moment,
    Name,
    Notes,
    Strict,
    TimeZone,
    Within,
    no_nul,
)


class SetType(StrEnum):
    """How a set was done."""

    NORMAL = "normal"
    WARMUP = "warmup"
    DROP = "drop"
    FAILURE = "failure"
    AMRAP = "amrap"
    MYO = "myo"
    PARTIAL = "partial"
    FORCED = "forced"
    TEMPO = "tempo"
    ISOMETRIC = "isometric"


class WeightUnit(StrEnum):
    """The unit in which a weight was entered."""

    KG = "kg"
    LB = "lb"


class LoadBasis(StrEnum):
    """What the entered weight is: the whole load, one hand's, an addition to the body, or help subtracted from it."""

    TOTAL = "total"
    PER_HAND = "per_hand"
    BODYWEIGHT = "bodyweight"
    ASSISTED = "assisted"


class Side(StrEnum):
    """The side that worked, in a one-sided set."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


Rpe = Annotated[Decimal, Within(1, 10, step=0.5)]
Rir = Annotated[Decimal, Within(0, 9, step=0.5)]
# Phones use an id, other apps a small number that is unique within the workout.
SupersetId = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(no_nul)] | Count


class Target(Strict):
    """What the plan asked for."""

    reps: Count | None = None
    reps_min: Count | None = None
    reps_max: Count | None = None
    weight: Measure | None = None
    weight_unit: WeightUnit | None = None
    rpe: Rpe | None = None
    rir: Rir | None = None
    duration_s: Measure | None = None
    distance_m: Measure | None = None


class WorkoutStarted(DomainEvent):
    event_type: ClassVar[str] = "WorkoutStarted"
    workout_id: UUID
    started_at: Moment
    time_zone: TimeZone | None = None
    name: Name | None = None
    template_id: UUID | None = None
    notes: Notes | None = None


class WorkoutUpdated(DomainEvent):
    event_type: ClassVar[str] = "WorkoutUpdated"
    workout_id: UUID
    started_at: Moment | None = None
    ended_at: Moment | None = None
    time_zone: TimeZone | None = None
    name: Name | None = None
    template_id: UUID | None = None
    notes: Notes | None = None


class WorkoutEnded(DomainEvent):
    event_type: ClassVar[str] = "WorkoutEnded"
    workout_id: UUID
    ended_at: Moment
    notes: Notes | None = None


class WorkoutDiscarded(DomainEvent):
    event_type: ClassVar[str] = "WorkoutDiscarded"
    workout_id: UUID


class WorkoutRestored(DomainEvent):
    event_type: ClassVar[str] = "WorkoutRestored"
    workout_id: UUID


class _Performance(DomainEvent):
    """What can be said of a set, when it is done and later."""

    reps: Count | None = None
    weight: Measure | None = None
    weight_unit: WeightUnit | None = None
    set_type: SetType | None = None
    to_failure: bool | None = None
    rpe: Rpe | None = None
    rir: Rir | None = None
    duration_s: Measure | None = None
    distance_m: Measure | None = None
    rest_s: Measure | None = None
    superset_id: SupersetId | None = None
    parent_set_id: UUID | None = None
    load_basis: LoadBasis | None = None
    side: Side | None = None
    target: Target | None = None
    notes: Notes | None = None


class SetCompleted(_Performance):
    event_type: ClassVar[str] = "SetCompleted"
    set_id: UUID
    workout_id: UUID
    exercise_id: UUID
    completed_at: Moment

    @model_validator(mode="after")
    def _measures_something(self) -> Self:
        if self.reps is None and self.weight is None and self.duration_s is None and self.distance_m is None:
            raise ValueError("a set needs reps, weight, duration_s or distance_m")
        return self


class SetCorrected(_Performance):
    event_type: ClassVar[str] = "SetCorrected"
    set_id: UUID
    workout_id: UUID | None = None
    exercise_id: UUID | None = None
    completed_at: Moment | None = None


class SetRemoved(DomainEvent):
    event_type: ClassVar[str] = "SetRemoved"
    set_id: UUID


class SetRestored(DomainEvent):
    event_type: ClassVar[str] = "SetRestored"
    set_id: UUID


WorkoutEvent = (
    WorkoutStarted
    | WorkoutUpdated
    | WorkoutEnded
    | WorkoutDiscarded
    | WorkoutRestored
    | SetCompleted
    | SetCorrected
    | SetRemoved
    | SetRestored
)
EVENTS: tuple[type[WorkoutEvent], ...] = (
    WorkoutStarted,
    WorkoutUpdated,
    WorkoutEnded,
    WorkoutDiscarded,
    WorkoutRestored,
    SetCompleted,
    SetCorrected,
    SetRemoved,
    SetRestored,
)
