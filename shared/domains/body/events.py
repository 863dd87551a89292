"""What a tape and a scale say."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.registry import DomainEvent
from shared.values import Measure, Moment, Notes


class Units(StrEnum):
    """Metric is kg and cm, imperial is lb and in."""

    METRIC = "metric"
    IMPERIAL = "imperial"


class _Girths(DomainEvent):
    """Weight in kg or lb, everything else in cm or in; `fat_percent` as another app or a device measured it."""

    weight: Measure | None = None
    height: Measure | None = None
    neck: Measure | None = None
    waist: Measure | None = None
    hip: Measure | None = None
    shoulder: Measure | None = None
    chest: Measure | None = None
    abdomen: Measure | None = None
    left_bicep: Measure | None = None
    right_bicep: Measure | None = None
    left_forearm: Measure | None = None
    right_forearm: Measure | None = None
    left_thigh: Measure | None = None
    right_thigh: Measure | None = None
    left_calf: Measure | None = None
    right_calf: Measure | None = None
    fat_percent: Measure | None = None
    units: Units | None = None
    notes: Notes | None = None


class BodyMeasurementRecorded(_Girths):
    event_type: ClassVar[str] = "BodyMeasurementRecorded"
    measurement_id: UUID
    measured_at: Moment


class BodyMeasurementCorrected(_Girths):
    event_type: ClassVar[str] = "BodyMeasurementCorrected"
    measurement_id: UUID
    measured_at: Moment | None = None


class BodyMeasurementRemoved(DomainEvent):
    event_type: ClassVar[str] = "BodyMeasurementRemoved"
    measurement_id: UUID


class BodyMeasurementRestored(DomainEvent):
    event_type: ClassVar[str] = "BodyMeasurementRestored"
    measurement_id: UUID


BodyEvent = BodyMeasurementRecorded | BodyMeasurementCorrected | BodyMeasurementRemoved | BodyMeasurementRestored
EVENTS: tuple[type[BodyEvent], ...] = (
    BodyMeasurementRecorded,
    BodyMeasurementCorrected,
    BodyMeasurementRemoved,
    BodyMeasurementRestored,
)
