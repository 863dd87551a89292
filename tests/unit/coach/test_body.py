"""The tape's body fat is told with its margin, and what lies within it is no change."""

from typing import Any
from uuid import UUID

import pytest

from services.coach.facts.claims import holds
from services.coach.facts.log import TrainingLog
from services.coach.rules.body import body_fat, goals
from tests.stories import NOON, Story, moment

TAPE = {"neck": 38, "height": 180}


def measured(*values: dict[str, Any]) -> TrainingLog:
    """A man's measurements, thirty days apart, the last one at noon of 21 November 2026."""
    story = Story().tell("ProfileUpdated", sex="male")
    for number, given in enumerate(reversed(values)):
        at = moment(-24 * 30 * number)
        story.tell("BodyMeasurementRecorded", measurement_id=UUID(int=number), measured_at=at, **given)
    story.tell("GoalSet", goal_id=UUID(int=5), kind="body_fat", target=12, unit="%")
    return TrainingLog.of(story.state)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"waist": 86, **TAPE}, {"waist": 85, **TAPE}, "16.1 % ± 3.5 points, {} level with the 16.9 % ± 3.5 points"),
        ({"waist": 100, **TAPE}, {"waist": 85, **TAPE}, "16.1 % ± 3.5 points, {} less than the 26.4 % ± 3.5 points"),
        ({"fat_percent": 18}, {"waist": 85, **TAPE}, "16.1 % ± 3.5 points, {} level with the 18 %"),
        ({"fat_percent": 18}, {"fat_percent": 18.1}, "18.1 %, {} more than the 18 %"),
    ],
)
def test_body_fat_is_told_and_compared_within_its_margin(
    before: dict[str, Any], now: dict[str, Any], said: str
) -> None:
    log = measured(before, now)

    answer = body_fat(log, NOON)

    assert answer.text == f"You have a body fat of {said.format('as of 2026-11-21. That is')} of 2026-10-22."
    assert all(holds(made, log) for made in answer.claims)


def test_a_goal_of_body_fat_is_told_with_the_margin() -> None:
    log = measured({"waist": 85, **TAPE})
    assert goals(log, NOON).text == "Goal body fat: 12 %; now 16.1 % ± 3.5 points."
