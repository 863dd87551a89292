"""What each event says about measurements."""

from shared.domains.body.events import (
    BodyEvent,
    BodyMeasurementCorrected,
    BodyMeasurementRecorded,
    BodyMeasurementRemoved,
    BodyMeasurementRestored,
)
from shared.registry import REMOVED, Change


def changes(event: BodyEvent) -> tuple[Change, ...]:
    match event:
        case BodyMeasurementRecorded() | BodyMeasurementCorrected():
            return (Change("measurement", event.measurement_id, event.changed("measurement_id")),)
        case BodyMeasurementRemoved():
            return (Change("measurement", event.measurement_id, {REMOVED: True}),)
        case BodyMeasurementRestored():
            return (Change("measurement", event.measurement_id, {REMOVED: False}),)
