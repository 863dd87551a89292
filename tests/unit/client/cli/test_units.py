"""Who types pounds and inches reads them."""

import pytest

from tests.unit.client.cli.running import Run, answer


@pytest.fixture
def imperial(run: Run) -> Run:
    """A log that was kept in pounds, with one workout that is over."""
    run("profile", "--units", "imperial", "--sex", "male", "--height", "180")
    run("set", "squat", "5x225", "--at", "2026-01-05 18:00")
    return run


def test_records_are_in_the_units_of_the_profile(imperial: Run) -> None:
    said = imperial("set", "squat", "5x235", "6x225", "--at", "2026-01-05 18:10")

    assert "heaviest load 235 lb (before: 225)" in said
    assert "volume in a set 1350 lb (before: 1125)" in said
    assert "most reps at this load 6 reps at 225 lb (before: 5)" in said
    assert "kg" not in said


def test_workouts_are_in_the_units_of_the_profile(imperial: Run) -> None:
    assert "1 set, 1125 lb in 1 h" in imperial("end", "--at", "2026-01-05 19:00")
    assert "1 set, 1125 lb, 1 h" in imperial("show")
    listed = imperial("log")
    assert {"lb", "1125"} < set(listed.split())
    assert "kg" not in listed


def test_trends_are_in_the_units_of_the_profile(imperial: Run) -> None:
    imperial("end", "--at", "2026-01-05 19:00")
    imperial("measure", "180", "--at", "2026-01-06 08:00")

    weeks, exercise = imperial("stats"), imperial("stats", "squat")

    assert {"1125", "180"} < set(weeks.split())
    assert "body lb" in weeks
    assert "estimated one-rep max, lb" in exercise
    assert ["heaviest", "load", "225", "lb"] in [line.split()[:4] for line in exercise.splitlines()]
    assert "kg" not in weeks + exercise


def test_measurements_are_in_the_units_of_the_profile(imperial: Run) -> None:
    said = imperial("measure", "180", "--waist", "34.5", "--neck", "15", "--set", "chest=40")

    listed = imperial("measure")

    assert {"180", "34.5", "15"} < set(listed.split())
    assert "chest 40" in listed
    assert "lean lb" in listed
    assert "lb lean" in said
    assert "kg" not in said + listed


def test_programs_read_what_is_stored(imperial: Run) -> None:
    imperial("measure", "180")

    assert answer(imperial("show", "--json"))["tonnage_kg"] == pytest.approx(510.291416)
    assert answer(imperial("measure", "--json"))[0]["weight_kg"] == pytest.approx(81.646627)
