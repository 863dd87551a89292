"""What comes in over the wire is always storable, and everything else is refused as invalid."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.domains.workouts.events import Rir, Rpe
from shared.values import Measure, Moment, Number, Text, TimeZone, format_moment, plain

NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)


@pytest.mark.parametrize("text", ["0", "-0.0", "1.5", "100", "0.000001", "1e3", "999999999.123456", "1000000"])
def test_numbers_keep_their_value(text: str) -> None:
    assert NUMBER.validate_json(text, strict=True) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "1e-7", "0.1234567", "1e16", "1e300", "9" * 40, '"5"', "true", "null", "[1]"],
)
def test_what_is_no_storable_number_is_invalid(text: str) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_json(text, strict=True)


@pytest.mark.parametrize("text", ["-0.5", "1000000.5", "1e12"])
def test_measures_are_bounded(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Measure).validate_json(text, strict=True)


@given(st.decimals(-(10**8), 10**8, places=6))
def test_six_decimals_survive_the_wire(number: Decimal) -> None:
    assert NUMBER.validate_json(json.dumps(plain(number)), strict=True) == number


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.text()))
def test_a_number_is_valid_or_refused_and_never_breaks(value: Any) -> None:
    try:
        number = NUMBER.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return
    assert number == Decimal(repr(value))


@pytest.mark.parametrize("kind", [Measure, Rpe, Rir])
@given(
    st.one_of(st.floats(), st.integers(), st.floats(-1, 12), st.integers(-1, 20).map(lambda n: n / 2), st.booleans())
)
def test_a_number_is_the_same_in_json_and_in_python(kind: Any, value: Any) -> None:
    adapter: TypeAdapter[Decimal] = TypeAdapter(kind)

    assert _outcome(adapter.validate_json, json.dumps(value)) == _outcome(adapter.validate_python, value)


@pytest.mark.parametrize(
    ("text", "decimal"), [("80", "80"), ("80.0", "80"), ("-0.0", "0"), ("0", "0"), ("82.5", "82.5")]
)
def test_a_number_is_one_decimal_however_it_was_written(text: str, decimal: str) -> None:
    assert str(TypeAdapter(Measure).validate_json(text)) == decimal


@given(
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{3}(Z|\+00:00)", fullmatch=True
    )
)
def test_a_time_is_the_same_in_json_and_in_python(text: str) -> None:
    adapter: TypeAdapter[datetime] = TypeAdapter(Moment)

    assert _outcome(adapter.validate_json, json.dumps(text)) == _outcome(adapter.validate_python, text)


def _outcome(validate: Callable[..., Any], value: Any) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return "refused"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59.999Z"),
        ("2027-01-01T05:29:60.250+05:30", "2026-12-31T23:59:59.999Z"),
        ("2026-11-21T10:00:00.1239Z", "2026-11-21T10:00:00.123Z"),
        ("2026-11-21T10:00:00+05:30", "2026-11-21T04:30:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("2026-11-21T10:00Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21 10:00:00.5+0530", "2026-11-21T04:30:00.500Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_utc_and_cut_to_milliseconds(text: str, moment: str) -> None:
    assert format_moment(TypeAdapter(Moment).validate_json(json.dumps(text))) == moment


@pytest.mark.parametrize("text", ["2026-11-21T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00", ""])
def test_times_without_a_place_in_utc_are_invalid(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_json(json.dumps(text))


@pytest.mark.parametrize("text", ["1732000000", "1732000000000", "-1", "2026-11-21_10:00Z", "2026-11-21", "P1D"])
def test_times_are_written_as_times(text: str) -> None:
    with pytest.raises(ValidationError, match="must be a time"):
        TypeAdapter(Moment).validate_json(json.dumps(text))
    with pytest.raises(ValidationError, match="must be a time"):
        TypeAdapter(Moment).validate_python(text)


def test_text_must_be_storable() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Text)

    assert adapter.validate_python("Kreuzheben ✓") == "Kreuzheben ✓"
    for text in ("a\x00b", "\ud800"):
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@pytest.mark.parametrize("name", ["europe/berlin", "Europe/Nowhere", "localtime", "../etc/passwd", ""])
def test_time_zones_are_iana_names_spelled_exactly(name: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(TimeZone)

    assert adapter.validate_python("Europe/Berlin") == "Europe/Berlin"
    with pytest.raises(ValidationError):
        adapter.validate_python(name)
