"""Effective loads, effort and units."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domains.workouts.events import LoadBasis, SetType, WeightUnit
from shared.domains.workouts.volume import (
    effective_load,
    is_hard,
    is_working,
    perceived_exertion,
    reps_in_reserve,
    volume,
    weight_in_kilograms,
)
from shared.units import inches_to_centimetres, pounds_to_kilograms, rounded

D = Decimal


@pytest.mark.parametrize(
    ("weight", "basis", "share", "body", "expected"),
    [
        ("100", None, "0", None, "100"),
        ("100", LoadBasis.TOTAL, "0.95", "80", "100"),
        ("22.5", LoadBasis.PER_HAND, "0", None, "45"),
        ("20", LoadBasis.BODYWEIGHT, "0.95", "80", "96"),
        (None, LoadBasis.BODYWEIGHT, "0.64", "80", "51.2"),
        ("20", LoadBasis.BODYWEIGHT, "0.95", None, "20"),
        ("30", LoadBasis.ASSISTED, "0.95", "80", "46"),
        ("30", LoadBasis.ASSISTED, "0.95", None, "0"),
        (None, LoadBasis.TOTAL, "0", None, None),
        (None, LoadBasis.PER_HAND, "0", None, None),
    ],
)
def test_effective_load(
    weight: str | None, basis: LoadBasis | None, share: str, body: str | None, expected: str | None
) -> None:
    load = effective_load(D(weight) if weight else None, basis, D(share), D(body) if body else None)

    assert load == (D(expected) if expected else None)


def test_volume_is_repetitions_times_load() -> None:
    assert volume(5, D("102.5")) == D("512.5")
    assert volume(0, D(100)) == volume(None, D(100)) == volume(5, None) == 0


def test_pounds_become_kilograms_in_decimal_arithmetic() -> None:
    assert pounds_to_kilograms(D(225)) == D("102.058283")
    assert weight_in_kilograms(D(225), WeightUnit.LB) == D("102.058283")
    assert weight_in_kilograms(D(225), WeightUnit.KG) == weight_in_kilograms(D(225), None) == D(225)
    assert weight_in_kilograms(None, WeightUnit.LB) is None
    assert inches_to_centimetres(D("33.5")) == D("85.09")


def test_halves_are_rounded_to_even() -> None:
    assert rounded(D("1.0000005")) == D("1.000000")
    assert rounded(D("1.0000015")) == D("1.000002")


@given(st.decimals(1, 10, places=1))
def test_rpe_and_rir_say_the_same(rpe: Decimal) -> None:
    reserve = reps_in_reserve(rpe, None)

    assert reserve == 10 - rpe
    assert perceived_exertion(None, reserve) == rpe


def test_what_was_entered_goes_before_what_follows() -> None:
    assert reps_in_reserve(D(8), D(1)) == 1
    assert perceived_exertion(D(8), D(1)) == 8
    assert reps_in_reserve(None, None) is None
    assert perceived_exertion(None, None) is None


def test_hard_sets_are_working_sets_near_failure_or_of_unknown_effort() -> None:
    assert is_hard(SetType.NORMAL, D(4))
    assert is_hard(SetType.DROP, None)
    assert not is_hard(SetType.NORMAL, D("4.5"))
    assert not is_hard(SetType.WARMUP, D(0))
    assert is_hard(SetType.NORMAL, D(5), limit=D(5))
    assert not is_working(SetType.WARMUP)
    assert is_working(None)
