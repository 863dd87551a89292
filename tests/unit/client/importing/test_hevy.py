"""Hevy exports."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from client.importing import read_export
from shared.domains.workouts.events import SetType, WeightUnit
from tests.unit.client.importing.samples import BERLIN, HEVY, export, hevy_row, only_set


def test_a_set() -> None:
    row = hevy_row(
        description="tired\\nbut fine", superset_id="0", exercise_notes="wide", set_type="failure", reps="6", rpe="9.5"
    )

    found = export(HEVY, row)

    (session,) = found.sessions
    (performed,) = session.sets
    assert (found.source, found.rows, found.skipped, found.unit_guess) == ("hevy", 1, (), None)
    assert (session.name, session.notes) == ("Push", "tired\nbut fine")
    assert session.started_at == datetime(2025, 9, 15, 5, 48, tzinfo=UTC)
    assert session.ended_at == datetime(2025, 9, 15, 7, 13, tzinfo=UTC)
    assert session.duration_s == 85 * 60
    assert (performed.weight, performed.weight_unit, performed.reps) == (Decimal(100), WeightUnit.KG, 6)
    assert (performed.set_type, performed.rpe, performed.superset_id) == (SetType.FAILURE, Decimal("9.5"), 0)
    assert (performed.ordinal, performed.notes) == ("0", "wide")


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    content = "\ufeff" + "\n".join([HEVY, hevy_row()])

    assert read_export(content.encode(), unit=None, time_zone=BERLIN).imported_rows == 1


def test_pounds_and_miles_are_told_by_the_header() -> None:
    header = HEVY.replace("weight_kg", "weight_lbs").replace("distance_km", "distance_miles")

    performed = only_set(header, hevy_row(weight_kg="225", distance_km="1"), unit=None)

    assert (performed.weight, performed.weight_unit) == (Decimal(225), WeightUnit.LB)
    assert performed.distance_m == Decimal("1609.344")


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("15 Sep 2025, 07:48", 9),
        ("15 févr. 2025, 07:48", 2),
        ("15 août 2025, 07:48", 8),
        ("15 déc. 2025, 07:48", 12),
        ("15 März 2025, 07:48", 3),
        ("15 Dez. 2025, 07:48", 12),
        ("15 ene 2025, 07:48", 1),
        ("15 dic. 2025, 07:48", 12),
        ("15 de set. de 2025, 07:48", 9),
        ("15 fev 2025, 07:48", 2),
        ("15 mag 2025, 07:48", 5),
        ("15 giu 2025, 07:48", 6),
        ("15 szept. 2025, 07:48", 9),
        ("2025. ápr. 15., 07:48", 4),
        ("15 mrt 2025, 07:48", 3),
        ("15 mei 2025, 07:48", 5),
        ("15 paź 2025, 07:48", 10),
        ("15 Ağu 2025, 07:48", 8),
        ("15 сент. 2025, 07:48", 9),
        ("15 9月 2025, 07:48", 9),
        ("Jan 15, 2025, 7:48 AM", 1),
        ("15.06.2025, 07:48", 6),
        ("2025-06-15 07:48:00", 6),
    ],
)
def test_months_are_read_in_the_language_of_the_app(written: str, month: int) -> None:
    found = export(HEVY, hevy_row(start_time=written, end_time=""), zone=type(BERLIN)("UTC"))

    assert found.skipped == ()
    assert found.sessions[0].started_at == datetime(2025, month, 15, 7, 48, tzinfo=UTC)


def test_an_unknown_month_is_an_error_for_its_row_alone() -> None:
    found = export(HEVY, hevy_row(start_time="15 Foo 2025, 07:48"), hevy_row())

    assert (found.rows, found.imported_rows) == (2, 1)
    assert found.skipped[0].line == 2
    assert "foo" in found.skipped[0].reason


def test_an_empty_weight_is_the_body() -> None:
    performed = only_set(HEVY, hevy_row(exercise_title="Pull Up", weight_kg="", reps="8"))

    assert (performed.weight, performed.reps) == (None, 8)


def test_zero_reps_beside_a_duration_are_none_and_alone_with_a_weight_are_a_failure() -> None:
    warm_up = only_set(HEVY, hevy_row(weight_kg="", reps="0", duration_seconds="300"))
    failed = only_set(HEVY, hevy_row(weight_kg="140", reps="0", duration_seconds="0"))

    assert (warm_up.reps, warm_up.duration_s) == (None, Decimal(300))
    assert (failed.reps, failed.weight, failed.duration_s) == (0, Decimal(140), None)


def test_a_note_is_repeated_by_the_file_and_kept_once() -> None:
    rows = [hevy_row(set_index=str(place), exercise_notes="belt") for place in range(3)]

    (session,) = export(HEVY, *rows).sessions

    assert [performed.notes for performed in session.sets] == ["belt", None, None]


def test_an_end_that_cannot_be_read_or_lies_before_the_start_is_no_end() -> None:
    unreadable = export(HEVY, hevy_row(end_time="15 Foo 2025, 09:00"))
    before = export(HEVY, hevy_row(end_time="15 Sep 2025, 06:00"))

    assert unreadable.sessions[0].ended_at is None
    assert [remark.line for remark in unreadable.remarks] == [2]
    assert before.sessions[0].ended_at is None


def test_a_workout_across_the_hour_that_comes_twice_ends_after_it_starts() -> None:
    (session,) = export(HEVY, hevy_row(start_time="26 Oct 2025, 02:50", end_time="26 Oct 2025, 02:10")).sessions

    assert session.duration_s == 20 * 60


def test_an_unknown_set_type_is_a_normal_set_with_a_remark() -> None:
    found = export(HEVY, hevy_row(set_type="myo"))

    assert found.sessions[0].sets[0].set_type is SetType.NORMAL
    assert "myo" in found.remarks[0].note
