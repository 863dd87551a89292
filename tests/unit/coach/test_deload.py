"""When an easier week is asked for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.coach.rules.weeks import deload
from shared.domains.exercises.catalogue import catalogue_id
from tests.unit.coach.hevy import NOW
from tests.unit.coach.test_reports import log_of

BENCH = catalogue_id("bench-press-barbell")


@pytest.mark.parametrize(
    ("sets", "efforts", "asks"),
    [
        ((4, 5, 6), (8, 8.5, 9), True),
        ((4, 5, 6), (7, 7.5, 8), False),
        ((4, 4, 4), (10, 9.5, 9), False),
        ((4, 5, 6), (10, 9.5, 9), False),
        ((4, 4, 4), (8, 8.5, 9), False),
        ((4, 5, 6), (9, 9, 9), False),
        ((4, 0, 6), (8, 8, 9), False),
        ((4, 5, 6), (8, None, 9), False),
    ],
)
def test_an_easier_week_is_asked_for_where_work_and_effort_have_both_grown(
    sets: tuple[int, ...], efforts: tuple[float | None, ...], asks: bool
) -> None:
    weeks = zip((3, 2, 1), sets, efforts, strict=True)

    said = deload(log_of(*(event for week in weeks for event in training(*week))), NOW).text

    assert ("an easier week now is sensible" in said) is asks


def training(weeks_ago: int, sets: int, rpe: float | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """A workout so long ago, of that many sets."""
    at, workout = (NOW - timedelta(weeks=weeks_ago)).isoformat(), str(UUID(int=weeks_ago))
    yield "WorkoutStarted", {"workout_id": workout, "started_at": at}
    done = {"workout_id": workout, "exercise_id": str(BENCH), "completed_at": at, "reps": 5, "weight": 100, "rpe": rpe}
    for number in range(sets):
        yield "SetCompleted", {"set_id": str(UUID(int=100 * weeks_ago + number)), **done}
