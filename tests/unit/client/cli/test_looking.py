"""Looking back from the command line."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from client.cli.opening import Log
from client.errors import NotFound
from shared.domains.workouts.events import WorkoutEnded
from tests.unit.client.cli.running import Run, answer


def test_the_day_of_a_workout_is_that_of_its_time_zone(run: Run) -> None:
    run("start", "Late", "--at", "2026-01-06T00:30")
    run("end", "--at", "2026-01-06T01:00")

    assert "2026-01-06 00:30" in run("log")
    assert answer(run("show", "2026-01-06", "--json"))["name"] == "Late"
    with pytest.raises(NotFound):
        run("show", "2026-01-05")
    run("profile", "--time-zone", "America/New_York")
    assert answer(run("show", "2026-01-05", "--json"))["name"] == "Late"


def test_where_all_workouts_are_discarded_there_is_none(run: Run) -> None:
    run("start")
    run("edit", "--remove")

    with pytest.raises(NotFound, match="no workout yet"):
        run("show")


def test_an_ended_workout_is_never_in_progress_whatever_its_times(run: Run) -> None:
    workout_id = UUID(answer(run("start", "Odd", "--json"))["workout_id"])
    assert "in progress" in run("log")

    Log().add([WorkoutEnded(workout_id=workout_id, ended_at=datetime(2026, 1, 5, tzinfo=UTC))])

    assert "completed" in run("log")
    assert "completed" in run("show")
