"""Clocks are data: what lies at the ends of the calendar is shown and exported like anything else."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from client.cli.opening import Log
from shared.domains.body.events import BodyMeasurementRecorded
from shared.domains.exercises.catalogue import catalogue_id
from shared.domains.workouts.events import SetCompleted, WorkoutEnded, WorkoutStarted
from tests.unit.client.cli.running import Run

SQUAT = catalogue_id("squat-barbell")
WORKOUT = UUID(int=1)


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("America/Los_Angeles", datetime(1, 1, 1, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_what_lies_at_an_end_of_the_calendar_is_shown_and_exported(
    run: Run, monkeypatch: pytest.MonkeyPatch, zone: str, end: datetime
) -> None:
    monkeypatch.setenv("TZ", zone)
    Log().add(
        [
            WorkoutStarted(workout_id=WORKOUT, started_at=end),
            SetCompleted(
                set_id=UUID(int=2),
                workout_id=WORKOUT,
                exercise_id=SQUAT,
                completed_at=end,
                reps=5,
                weight=Decimal(100),
            ),
            WorkoutEnded(workout_id=WORKOUT, ended_at=end),
            BodyMeasurementRecorded(measurement_id=UUID(int=3), measured_at=end, weight=Decimal(80)),
        ]
    )
    month = f"{end.year:04d}-{end.month:02d}"

    assert f"{end:%m-%d %H:%M}" in run("log")
    assert "100" in run("show", end.date().isoformat())
    assert run("stats")
    assert run("stats", "squat")
    assert "1 workout, 1 set, 500 kg" in run("export", "--format", "markdown", "--month", month)
    assert "1 set" in run("export", "--format", "html", "--month", month)
    assert "Squat" in run("export", "--format", "hevy")
