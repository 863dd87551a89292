"""One-rep maxima against published tables."""

from decimal import Decimal

import pytest

from shared.domains.workouts.events import SetType
from shared.domains.workouts.strength import (
    Formula,
    estimates_strength,
    is_reliable,
    one_rep_max,
    possible_reps,
)

HUNDRED = Decimal(100)

# For 100 kg. Epley, Brzycki and Wathan as tabulated, the others worked out by hand from their formulas.
TABLE = {
    Formula.EPLEY: {1: "100.0", 3: "110.0", 5: "116.7", 8: "126.7", 10: "133.3", 12: "140.0"},
    Formula.BRZYCKI: {1: "100.0", 3: "105.9", 5: "112.5", 8: "124.1", 10: "133.3", 12: "144.0"},
    Formula.WATHAN: {1: "100.0", 3: "109.0", 5: "116.6", 8: "127.7", 10: "134.7", 12: "141.5"},
    Formula.LOMBARDI: {1: "100.0", 3: "111.6", 5: "117.5", 8: "123.1", 10: "125.9", 12: "128.2"},
    Formula.OCONNER: {1: "100.0", 3: "107.5", 5: "112.5", 8: "120.0", 10: "125.0", 12: "130.0"},
    Formula.MAYHEW: {1: "100.0", 3: "114.0", 5: "119.0", 8: "126.3", 10: "130.9", 12: "135.4"},
    Formula.LANDER: {1: "100.0", 3: "107.2", 5: "113.7", 8: "125.1", 10: "134.1", 12: "144.4"},
}


@pytest.mark.parametrize(
    ("formula", "reps", "expected"),
    [(formula, reps, value) for formula, row in TABLE.items() for reps, value in row.items()],
)
def test_the_published_table(formula: Formula, reps: int, expected: str) -> None:
    estimate = one_rep_max(HUNDRED, reps, formula)

    assert estimate is not None
    assert round(estimate, 1) == Decimal(expected)


def test_every_formula_is_in_the_table() -> None:
    assert set(TABLE) == set(Formula)


@pytest.mark.parametrize("formula", list(Formula))
def test_a_single_is_its_own_maximum(formula: Formula) -> None:
    assert one_rep_max(Decimal("142.5"), 1, formula) == Decimal("142.5")


@pytest.mark.parametrize("formula", list(Formula))
def test_no_repetition_and_no_load_tell_nothing(formula: Formula) -> None:
    assert one_rep_max(HUNDRED, 0, formula) is None
    assert one_rep_max(Decimal(0), 5, formula) is None


@pytest.mark.parametrize(("formula", "last"), [(Formula.BRZYCKI, 36), (Formula.LANDER, 37)])
def test_a_formula_ends_at_its_pole(formula: Formula, last: int) -> None:
    assert one_rep_max(HUNDRED, last, formula) is not None
    assert one_rep_max(HUNDRED, last + 1, formula) is None
    assert one_rep_max(HUNDRED, 1000, formula) is None


def test_estimates_are_rounded_to_six_decimals() -> None:
    assert one_rep_max(HUNDRED, 5) == Decimal("116.666667")


def test_effort_adds_the_repetitions_in_reserve() -> None:
    assert possible_reps(5, Decimal("1.5")) == Decimal("6.5")
    assert possible_reps(5, None) == 5
    assert possible_reps(0, Decimal(2)) is None
    assert possible_reps(None, Decimal(2)) is None
    assert one_rep_max(HUNDRED, Decimal("6.5")) == Decimal("121.666667")


def test_more_than_twelve_possible_repetitions_are_not_reliable() -> None:
    assert is_reliable(Decimal(12))
    assert not is_reliable(Decimal("12.5"))


def test_warm_ups_drops_and_partials_tell_nothing() -> None:
    unfit = {set_type for set_type in SetType if not estimates_strength(set_type)}

    assert unfit == {SetType.WARMUP, SetType.DROP, SetType.PARTIAL}
    assert estimates_strength(None)
