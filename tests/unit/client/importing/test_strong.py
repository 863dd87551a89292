"""Strong exports, in all their variants."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from client.importing import Skipped, read_export
from shared.domains.workouts.events import SetType, WeightUnit
from tests.unit.client.importing.samples import BERLIN, STRONG_A, STRONG_B, STRONG_C, export, only_set

START = "2024-11-28 17:36:08"


def rows_of(*orders_and_weights: tuple[str, str], exercise: str = "Squat (Barbell)") -> list[str]:
    return [f"{START},Legs,35m,{exercise},{order},{weight},5,0,0,,," for order, weight in orders_and_weights]


def test_a_set_of_variant_a() -> None:
    found = export(STRONG_A, f'{START},"B",35m,"Bent Over Row (Barbell)",1,10.0,13.0,0,0.0,tight,fine day,8.5')

    (session,) = found.sessions
    (performed,) = session.sets
    assert (found.source, found.variant, found.rows, found.skipped) == ("strong", "A", 1, ())
    assert (session.name, session.notes, session.duration_s) == ("B", "fine day", 35 * 60)
    assert session.started_at == datetime(2024, 11, 28, 16, 36, 8, tzinfo=UTC)
    assert session.ended_at == datetime(2024, 11, 28, 17, 11, 8, tzinfo=UTC)
    assert (performed.reps, performed.weight, performed.weight_unit) == (13, Decimal(10), WeightUnit.KG)
    assert (performed.rpe, performed.notes, performed.duration_s, performed.distance_m) == (
        Decimal("8.5"),
        "tight",
        None,
        None,
    )
    assert (performed.exercise_name, performed.ordinal, performed.occurrence) == ("Bent Over Row (Barbell)", "1", 0)


def test_a_set_of_variant_b() -> None:
    found = export(STRONG_B, f'{START};"Press";Overhead Press (Barbell);1;102,5;lbs;8;9;;;0;"";"note";1h 10m')

    (session,) = found.sessions
    (performed,) = session.sets
    assert found.variant == "B"
    assert (performed.weight, performed.weight_unit) == (Decimal("102.5"), WeightUnit.LB)
    assert (performed.reps, performed.rpe) == (8, Decimal(9))
    assert (session.notes, session.duration_s) == ("note", 4200)


def test_a_set_of_variant_c() -> None:
    found = export(
        STRONG_C, f'"7";"{START}";"Run";"2101";"Running (Treadmill)";"1";"";"";"";"3200,5";"1200,0";"";""', unit=None
    )

    (session,) = found.sessions
    (performed,) = session.sets
    assert (found.variant, found.unit_guess, session.duration_s) == ("C", None, 2101)
    assert (performed.distance_m, performed.duration_s) == (Decimal("3200.5"), Decimal(1200))
    assert (performed.reps, performed.weight) == (None, None)


def test_headers_are_matched_by_name_in_any_order_and_language() -> None:
    german = "Reihenfolge festlegen;Gewicht;Wiederh.;Name der Übung;Datum;Workout-Name;Sekunden;Workout-Dauer"

    performed = only_set(german, f"2;60,0;8;Kniebeuge;{START};Beine;0;38min")

    assert (performed.ordinal, performed.weight, performed.reps) == ("2", Decimal(60), 8)
    assert performed.exercise_name == "Kniebeuge"


@pytest.mark.parametrize(
    ("order", "ordinal", "set_type"),
    [
        ("3", "3", SetType.NORMAL),
        ("3.0", "3", SetType.NORMAL),
        ("W", "W", SetType.WARMUP),
        ("WARM_UP", "W", SetType.WARMUP),
        ("D", "D", SetType.DROP),
        ("DROP_SET", "D", SetType.DROP),
        ("F", "F", SetType.FAILURE),
        ("FAILURE", "F", SetType.FAILURE),
    ],
)
def test_set_orders_are_places_or_markers(order: str, ordinal: str, set_type: SetType) -> None:
    performed = only_set(STRONG_A, *rows_of((order, "60")))

    assert (performed.ordinal, performed.set_type) == (ordinal, set_type)


def test_rest_timers_and_unknown_orders_are_reported() -> None:
    found = export(STRONG_A, *rows_of(("Rest Timer", "0"), ("1", "60"), ("Ruhe", "60")))

    assert found.imported_rows == 1
    assert [skipped.line for skipped in found.skipped] == [2, 4]
    assert "rest timer" in found.skipped[0].reason
    assert "ruhe" in found.skipped[1].reason


def test_the_text_of_a_note_row_stays_with_the_first_set() -> None:
    note = f"{START},Legs,35m,Squat (Barbell),Note,0,0,0,0,knees out,,"

    found = export(STRONG_A, *rows_of(("1", "60"), ("2", "60")), note)

    (session,) = found.sessions
    assert [performed.notes for performed in session.sets] == ["knees out", None]
    assert [skipped.line for skipped in found.skipped] == [4]


def test_planned_rows_are_reported_and_not_imported() -> None:
    found = export(STRONG_A, f"{START},Legs,35m,Squat (Barbell),1,0.0,0,0,0.0,,,")

    assert found.sessions == ()
    assert found.skipped == (Skipped(2, "planned, not done: no weight, reps, distance or time"),)


def test_a_failed_single_has_no_reps_but_happened() -> None:
    performed = only_set(STRONG_A, f"{START},Legs,35m,Squat (Barbell),1,180,0,0,0,,,")

    assert (performed.reps, performed.weight) == (0, Decimal(180))


def test_zero_reps_beside_a_duration_are_no_reps() -> None:
    performed = only_set(STRONG_A, f"{START},Core,35m,Plank,1,0,0,0,60,,,")

    assert (performed.reps, performed.weight, performed.duration_s) == (None, None, Decimal(60))


def test_equal_rows_are_sets_of_their_own() -> None:
    found = export(STRONG_A, *rows_of(("1", "60"), ("1", "60"), ("1", "60")))

    (session,) = found.sessions
    assert [performed.occurrence for performed in session.sets] == [0, 1, 2]


def test_a_planned_row_counts_among_its_like_so_that_doing_it_later_shifts_nobody() -> None:
    planned, done = f"{START},Legs,35m,Squat (Barbell),W,0,0,0,0,,,", rows_of(("W", "40"), ("W", "50"))

    (session,) = export(STRONG_A, done[0], planned, done[1]).sessions

    assert [(performed.occurrence, performed.weight) for performed in session.sets] == [
        (0, Decimal(40)),
        (2, Decimal(50)),
    ]


def test_shuffled_rows_come_back_in_the_order_of_their_places() -> None:
    found = export(STRONG_A, *rows_of(("3", "80"), ("1", "60"), ("W", "40"), ("2", "70")))

    (session,) = found.sessions
    assert [performed.ordinal for performed in session.sets] == ["W", "1", "2", "3"]
    times = [performed.completed_at for performed in session.sets]
    assert times == sorted(set(times))
    assert session.ended_at is not None
    assert session.started_at < times[0] < times[-1] < session.ended_at


def test_an_exercise_done_twice_keeps_its_two_rounds() -> None:
    found = export(STRONG_A, *rows_of(("1", "60"), ("2", "60"), ("1", "50"), ("2", "50")))

    (session,) = found.sessions
    assert [performed.weight for performed in session.sets] == [60, 60, 50, 50]


def test_rows_of_one_workout_belong_together_wherever_they_stand() -> None:
    other = "2024-12-01 10:00:00,Pull,40m,Pull Up,1,0,8,0,0,,,"
    first, second = rows_of(("1", "60"), ("2", "60"))

    found = export(STRONG_A, second, other, first)

    assert [(session.name, len(session.sets)) for session in found.sessions] == [("Legs", 2), ("Pull", 1)]


def test_kilograms_that_were_pounds_are_kept_as_pounds() -> None:
    weights = [("1", "18.143694800000002"), ("2", "20.411656"), ("3", "18.1437"), ("4", "20.0")]

    (session,) = export(STRONG_A, *rows_of(*weights)).sessions

    entered = [(performed.weight, performed.weight_unit) for performed in session.sets]
    assert entered == [
        (Decimal(40), WeightUnit.LB),
        (Decimal(45), WeightUnit.LB),
        (Decimal("18.1437"), WeightUnit.KG),
        (Decimal(20), WeightUnit.KG),
    ]


def test_the_unit_that_the_caller_names_is_taken() -> None:
    performed = only_set(STRONG_A, *rows_of(("1", "45.5")), unit="lb")

    assert (performed.weight, performed.weight_unit) == (Decimal("45.5"), WeightUnit.LB)


@pytest.mark.parametrize(
    ("weights", "guess"),
    [
        (("135", "185", "225"), WeightUnit.LB),
        (("62.5", "42", "7.9"), WeightUnit.KG),
        (("60", "80", "100"), WeightUnit.KG),
    ],
)
def test_a_file_without_a_unit_comes_with_a_guess(weights: tuple[str, ...], guess: WeightUnit) -> None:
    found = export(STRONG_A, *rows_of(*((str(place), weight) for place, weight in enumerate(weights, 1))), unit=None)

    assert found.unit_guess is not None
    assert found.unit_guess.unit == guess
    assert {performed.weight_unit for performed in found.sessions[0].sets} == {guess}


def test_distances_without_a_unit_follow_the_weights() -> None:
    row = f"{START},Run,35m,Running,1,0,0,3.2,1200,,,"

    assert only_set(STRONG_A, row, unit="kg").distance_m == Decimal(3200)
    assert only_set(STRONG_A, row, unit="lb").distance_m == Decimal("5149.9008")


def test_notes_may_hold_lines_and_quotes() -> None:
    row = f'{START},"Legs, heavy",1h,"Squat, high bar",1,60,5,0,0,"first line\nsaid ""easy""",,'

    after, found = export(STRONG_A, row, *rows_of(("1", "60"))).sessions

    (performed,) = found.sets
    assert performed.exercise_name == "Squat, high bar"
    assert performed.notes == 'first line\nsaid "easy"'
    assert after.sets[0].line == 4


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (f"{START},Legs,35m,Squat,1,heavy,5,0,0,,,", "heavy"),
        (f"{START},Legs,35m,Squat,1,60,5.5,0,0,,,", "5.5"),
        (f"{START},Legs,35m,Squat,1,60,-5,0,0,,,", "-5"),
        (f"{START},Legs,35m,,1,60,5,0,0,,,", "exercise name"),
        ("yesterday,Legs,35m,Squat,1,60,5,0,0,,,", "yesterday"),
        (",Legs,35m,Squat,1,60,5,0,0,,,", "date"),
        (f"{START},Legs,35m,Squat,1", "ends before"),
        (f"{START},Legs,35m,Squat,1,60,5,0,0,,,,,too,many", "cells"),
        (",,,,,,,,,,,", "empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_reported_with_its_line(cells: str, reason: str) -> None:
    found = export(STRONG_A, *rows_of(("1", "60")), cells)

    assert (found.rows, found.imported_rows) == (2, 1)
    (skipped,) = found.skipped
    assert skipped.line == 3
    assert reason in skipped.reason


def test_an_unreadable_duration_costs_the_duration_and_not_the_workout() -> None:
    found = export(STRONG_A, f"{START},Legs,ages,Squat,1,60,5,0,0,,,99")

    assert found.imported_rows == 1
    assert found.sessions[0].ended_at is None
    assert [remark.line for remark in found.remarks] == [2, 2]
    assert found.sessions[0].sets[0].rpe is None


def test_a_session_keeps_its_key_in_every_variant_and_time_zone() -> None:
    a = export(STRONG_A, *rows_of(("1", "60")))
    b = export(STRONG_B, f"{START};Legs ;Squat (Barbell);1;60;kg;5;;;;0;;;35m")
    elsewhere = read_export(
        "\n".join([STRONG_A, *rows_of(("1", "60"))]).encode(), unit="kg", time_zone=type(BERLIN)("Asia/Tokyo")
    )

    assert a.sessions[0].key == b.sessions[0].key == elsewhere.sessions[0].key
