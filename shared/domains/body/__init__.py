"""The body: weight, height and girths over time, and what they say of its composition."""

from shared.domains.body.events import EVENTS
from shared.domains.body.fold import changes
from shared.registry import Domain, Stream

DOMAIN = Domain(
    name="body",
    events=EVENTS,
    streams=(
        Stream(
            "measurement",
            "measurement_id",
            "BodyMeasurementRecorded",
            "BodyMeasurementCorrected",
            "BodyMeasurementRemoved",
            "BodyMeasurementRestored",
        ),
    ),
    changes=changes,
)
