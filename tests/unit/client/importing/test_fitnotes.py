"""FitNotes exports."""

from datetime import UTC, datetime
from decimal import Decimal

from shared.domains.workouts.events import WeightUnit
from tests.unit.client.importing.samples import FITNOTES, export, only_set


def test_a_day_is_a_session_at_noon() -> None:
    found = export(
        FITNOTES,
        "2024-06-01,Flat Barbell Bench Press,Chest,100.0,5,,,,good",
        "2024-06-01,Flat Barbell Bench Press,Chest,100.0,5,,,,",
        "2024-06-01,Running (Outdoor),Cardio,,,5.0,km,0:28:30,",
        unit=None,
    )

    (session,) = found.sessions
    assert (found.source, found.rows, found.skipped, found.unit_guess) == ("fitnotes", 3, (), None)
    assert (session.name, session.has_time, session.ended_at) == (None, False, None)
    assert session.started_at == datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
    assert [(performed.ordinal, performed.notes) for performed in session.sets] == [
        ("0", "good"),
        ("1", None),
        ("0", None),
    ]
    assert (session.sets[2].distance_m, session.sets[2].duration_s) == (Decimal(5000), Decimal(1710))


def test_units_stand_in_the_header_or_beside_the_weight() -> None:
    beside = "Date,Exercise,Category,Weight,Weight Unit,Reps,Distance,Distance Unit,Time"
    both = "Date,Exercise,Category,Weight (kg),Weight (lbs),Reps,Distance,Distance Unit,Time,Notes"

    in_pounds = only_set(beside, "2024-06-01,Squat,Legs,225,lbs,5,,,", unit=None)
    cleaner = only_set(both, "2024-06-01,Squat,Legs,102.0583,225,5,,,,", unit=None)

    assert (in_pounds.weight, in_pounds.weight_unit) == (Decimal(225), WeightUnit.LB)
    assert (cleaner.weight, cleaner.weight_unit) == (Decimal(225), WeightUnit.LB)


def test_sets_added_later_on_the_same_day_leave_the_earlier_ones_alone() -> None:
    rows = [f"2024-06-01,Squat,Legs,{weight},5,,,," for weight in (100, 110, 120)]

    before, after = export(FITNOTES, *rows[:2]), export(FITNOTES, *rows)

    identity = [(performed.ordinal, performed.weight) for performed in after.sessions[0].sets]
    assert identity[:2] == [(performed.ordinal, performed.weight) for performed in before.sessions[0].sets]


def test_a_weight_below_nothing_is_help() -> None:
    performed = only_set(FITNOTES, "2024-06-01,Assisted Pull Up,Back,-20,8,,,,")

    assert (performed.weight, performed.assisted) == (Decimal(20), True)
