"""Looking back from the command line."""

from datetime import UTC, date, datetime, timedelta
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


def test_a_time_without_workouts_is_told_from_a_log_without_any(run: Run) -> None:
    assert "no workouts yet" in run("log")
    run("start", "--at", "2026-01-05 18:00")
    assert "no workouts in that time" in run("log", "--from", "2030-01-01")


def test_a_place_in_the_log_is_the_same_however_it_is_listed(run: Run) -> None:
    for day in ("2026-01-05", "2026-01-07"):
        run("start", day, "--at", f"{day} 18:00")
        run("end", "--at", f"{day} 19:00")

    (line,) = (line for line in run("log", "--to", "2026-01-06").splitlines() if "2026-01-05" in line)

    assert answer(run("show", line.split()[0], "--json"))["name"] == "2026-01-05"


def test_weeks_of_other_years_are_told_with_the_year_where_it_begins(run: Run) -> None:
    for day in ("2024-12-02", "2024-12-09", "2025-01-06", "2025-01-13"):
        run("set", "squat", "5x100", "--at", f"{day} 18:00")

    _, _, years, weeks, *_ = run("stats").splitlines()

    assert years.split() == ["2024", "2025"]
    assert weeks.split() == ["muscle", "W49", "W50", "W02", "W03"]
    assert [years.index(year) + len(year) for year in years.split()] == [
        weeks.index(week) + len(week) for week in ("W49", "W02")
    ]


def test_eight_weeks_fit_a_terminal_whatever_their_years(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(8):
        day = date(2024, 12, 2) + timedelta(weeks=number)
        run("set", "squat", "5x100", "--at", f"{day} 18:00")

    assert max(map(len, run("stats").splitlines())) <= 80


def test_weeks_of_this_year_are_told_without_it(run: Run) -> None:
    run("set", "squat", "5x100")

    assert "muscle      W" in run("stats")


def test_records_have_the_same_names_as_when_they_are_broken(run: Run) -> None:
    run("set", "squat", "5x100")

    for output in (run("set", "squat", "5x110"), run("stats", "squat")):
        assert "heaviest load" in output
        assert "estimated one-rep max" in output
