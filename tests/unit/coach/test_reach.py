"""How far back an event can change a week."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.coach.reach import EVER, NOWHERE, reach_of
from shared.registry import registry

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)
ID, OTHER, THIRD = (str(UUID(int=number)) for number in (1, 2, 3))
SET = {"set_id": ID, "workout_id": OTHER, "exercise_id": THIRD, "completed_at": AT.isoformat(), "reps": 5}


def reach(kind: str, **payload: Any) -> datetime:
    return reach_of(registry().parse(kind, registry().events[kind].schema_version, payload))


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("SetCompleted", SET),
        ("WorkoutStarted", {"workout_id": ID, "started_at": AT.isoformat()}),
        ("WorkoutEnded", {"workout_id": ID, "ended_at": AT.isoformat()}),
        ("BodyMeasurementRecorded", {"measurement_id": ID, "measured_at": AT.isoformat(), "weight": 80}),
    ],
)
def test_what_adds_reaches_back_to_the_day_before_when_its_workout_may_have_begun(
    kind: str, payload: dict[str, Any]
) -> None:
    assert reach(kind, **payload) == AT - timedelta(days=1)


@pytest.mark.parametrize("kind", ["SetCorrected", "SetRemoved", "SetRestored"])
def test_what_changes_a_set_may_change_any_week(kind: str) -> None:
    assert reach(kind, set_id=ID) == EVER


def test_a_profile_changes_all_weeks_and_a_goal_none() -> None:
    assert reach("ProfileUpdated", time_zone="Europe/Berlin") == EVER
    assert reach("GoalRemoved", goal_id=ID) == NOWHERE


def test_a_clock_at_the_edge_of_time_is_data() -> None:
    first = datetime(1, 1, 1, 5, tzinfo=UTC)
    assert reach("SetCompleted", **{**SET, "completed_at": first.isoformat()}) == EVER
