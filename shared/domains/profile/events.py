"""What users say about themselves and what they aim at."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.registry import DomainEvent
from shared.values import Measure, Name, Notes, TimeZone


class Sex(StrEnum):
    """Decides which body-fat and strength-score formula applies."""

    MALE = "male"
    FEMALE = "female"


class UnitSystem(StrEnum):
    """How weights and lengths are shown."""

    METRIC = "metric"
    IMPERIAL = "imperial"


class GoalKind(StrEnum):
    """What a goal's target counts."""

    BODY_WEIGHT = "body_weight"
    BODY_FAT = "body_fat"
    E1RM = "e1rm"
    LOAD = "load"
    WORKOUTS_PER_WEEK = "workouts_per_week"
    SETS_PER_WEEK = "sets_per_week"
    OTHER = "other"


Weekday = Annotated[int, Field(ge=1, le=7)]


class ProfileUpdated(DomainEvent):
    """`height` in cm; `week_start` is an ISO weekday, 1 for Monday to 7 for Sunday."""

    event_type: ClassVar[str] = "ProfileUpdated"
    sex: Sex | None = None
    birth_date: date | None = None
    height: Measure | None = None
    time_zone: TimeZone | None = None
    unit_system: UnitSystem | None = None
    week_start: Weekday | None = None


class GoalSet(DomainEvent):
    """Version 2 names the `unit` of the target; version 1 left it to the kind."""

    event_type: ClassVar[str] = "GoalSet"
    schema_version: ClassVar[int] = 2
    goal_id: UUID
    kind: GoalKind
    target: Measure | None = None
    unit: Name | None = None
    exercise_id: UUID | None = None
    by: date | None = None
    notes: Notes | None = None


class GoalRemoved(DomainEvent):
    event_type: ClassVar[str] = "GoalRemoved"
    goal_id: UUID


class GoalRestored(DomainEvent):
    event_type: ClassVar[str] = "GoalRestored"
    goal_id: UUID


ProfileEvent = ProfileUpdated | GoalSet | GoalRemoved | GoalRestored
EVENTS: tuple[type[ProfileEvent], ...] = (ProfileUpdated, GoalSet, GoalRemoved, GoalRestored)
