"""Numbers, weights and durations as apps write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.importing.quantities import as_entered, metres, number, seconds, tidy, whole
from shared.domains.workouts.events import WeightUnit
from shared.units import KG_PER_LB


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8.0", "8"),
        (" 102,5 ", "102.5"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("7.1999999999999993", "7.1999999999999993"),
        ("1.0E-5", "0.00001"),
        (".5", "0.5"),
        ("-3", "-3"),
    ],
)
def test_numbers(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", " ", "-"])
def test_an_empty_cell_is_no_number(text: str) -> None:
    assert number(text) is None
    assert whole(text) is None
    assert seconds(text) is None


@pytest.mark.parametrize("text", ["heavy", "1e999999", "nan", "inf", "1.2.3", "12kg", "9" * 400, "1000001"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|too large"):
        number(text)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0", 0),
        ("90", 90),
        ("90.0", 90),
        ("35m", 2100),
        ("1h 10m", 4200),
        ("21h 41m", 78_060),
        ("38min", 2280),
        ("1h", 3600),
        ("45s", 45),
        ("1:30", 90),
        ("0:01:30", 90),
        ("1:10:00", 4200),
    ],
)
def test_durations(text: str, duration: int) -> None:
    assert seconds(text) == duration


@pytest.mark.parametrize("text", ["ages", "-5", "1h ago", "999999999"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not"):
        seconds(text)


@given(st.integers(1, 4000))
def test_every_half_pound_survives_a_float_in_kilograms(halves: int) -> None:
    pounds = Decimal(halves) / 2
    as_float = Decimal(repr(float(pounds) * 0.45359237))

    weight, unit = as_entered(as_float, WeightUnit.KG)

    if unit is WeightUnit.LB:
        assert weight == pounds
    else:  # short enough that somebody may have entered it
        assert as_float == as_float.quantize(Decimal("0.001"))
        assert abs(weight - pounds * KG_PER_LB) < Decimal("0.000001")


@given(st.decimals(0, 1000, places=2))
def test_what_somebody_enters_in_kilograms_stays_in_kilograms(kilograms: Decimal) -> None:
    assert as_entered(kilograms, WeightUnit.KG) == (kilograms, WeightUnit.KG)


@given(st.decimals(0, 1_000_000, allow_nan=False))
def test_tidy_numbers_have_at_most_six_decimals_and_no_exponent(value: Decimal) -> None:
    assert abs(tidy(value) - value) <= Decimal("0.0000005")
    exponent = tidy(value).as_tuple().exponent
    assert isinstance(exponent, int)
    assert -6 <= exponent <= 0


def test_distances() -> None:
    assert metres(Decimal("3.2"), "km") == Decimal(3200)
    assert metres(Decimal(1), "Miles") == Decimal("1609.344")
    with pytest.raises(ValueError, match="parsec"):
        metres(Decimal(1), "parsec")
