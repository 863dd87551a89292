"""Numbers, weights, distances and durations as apps write them."""

import re
from decimal import Decimal

from shared.domains.workouts.events import WeightUnit
from shared.units import KG_PER_LB, METRES_PER_MILE

LARGEST = Decimal(1_000_000)
_MICRO = Decimal("0.000001")
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?")
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2})(?:[.,]\d+)?")
_SPAN = re.compile(
    r"(?:(\d{1,5}) ?d(?:ays?)?)? ?(?:(\d{1,5}) ?h(?:rs?|ours?)?)? ?"
    r"(?:(\d{1,5}) ?m(?:ins?|inutes?)?)? ?(?:(\d{1,5}) ?s(?:ecs?|econds?)?)?"
)
METRES = {
    "m": Decimal(1),
    "meter": Decimal(1),
    "meters": Decimal(1),
    "metres": Decimal(1),
    "km": Decimal(1000),
    "kms": Decimal(1000),
    "kilometers": Decimal(1000),
    "kilometres": Decimal(1000),
    "mi": METRES_PER_MILE,
    "mile": METRES_PER_MILE,
    "miles": METRES_PER_MILE,
    "ft": Decimal("0.3048"),
    "feet": Decimal("0.3048"),
    "yd": Decimal("0.9144"),
    "yards": Decimal("0.9144"),
}
_UNITS = {
    "kg": WeightUnit.KG,
    "kgs": WeightUnit.KG,
    "lb": WeightUnit.LB,
    "lbs": WeightUnit.LB,
}


def number(text: str) -> Decimal | None:
    """A decimal with point or comma, at most 6 decimals kept; None for an empty cell. Raises ValueError."""
    text = text.strip()
    if text in ("", "-"):
        return None
    plain = _with_point(text)
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f'"{text}" is not a number')
    value = Decimal(plain)
    if abs(value) > LARGEST:
        raise ValueError(f"{text} is too large")
    return value


def _with_point(text: str) -> str:
    """The last of commas and points separates the decimals, the others thousands: `1.234,5` and `1,234.5`."""
    if "," not in text:
        return text
    before, _, after = text.rpartition("," if text.rfind(",") > text.rfind(".") else ".")
    return f"{before.replace('.', '').replace(',', '')}.{after}"


def tidy(value: Decimal) -> Decimal:
    """At most 6 decimals and no zeros at the end."""
    rounded = value.quantize(_MICRO).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


def whole(text: str) -> int | None:
    """A count, also as `8.0`. Raises ValueError for parts and for less than nothing."""
    value = number(text)
    if value is None:
        return None
    if value < 0 or value != value.to_integral_value():
        raise ValueError(f'"{text.strip()}" is not a whole number')
    return int(value)


def weight_unit(text: str) -> WeightUnit:
    """`kg`, `kgs`, `lb` or `lbs`. Raises ValueError."""
    try:
        return _UNITS[text.strip().rstrip(".").casefold()]
    except KeyError:
        raise ValueError(f'"{text.strip()}" is not a unit of weight') from None


def as_entered(value: Decimal, unit: WeightUnit) -> tuple[Decimal, WeightUnit]:
    """The weight as it was entered: 18.143694800000002 kg were 40 lb before an app converted them.

    Only long decimals are taken for conversions, to half pounds within 1e-6: nobody enters a microgram.
    """
    if unit is WeightUnit.KG and value != value.quantize(Decimal("0.001")):
        pounds = (value / KG_PER_LB * 2).to_integral_value() / 2
        if pounds and abs(pounds * KG_PER_LB - value) <= _MICRO:
            return tidy(pounds), WeightUnit.LB
    return tidy(value), unit


def metres(value: Decimal, unit: str) -> Decimal:
    """A distance in metres. Raises ValueError for a unit that is not known."""
    try:
        length = value * METRES[unit.strip().rstrip(".").casefold()]
    except KeyError:
        raise ValueError(f'"{unit.strip()}" is not a unit of distance') from None
    if not 0 <= length <= LARGEST:
        raise ValueError(f"a distance of {value} {unit.strip()} is not possible")
    return tidy(length)


def seconds(text: str) -> Decimal | None:
    """A duration: `90`, `1:30`, `0:01:30`, `35m`, `1h 10m` or `38min`. None for an empty cell. Raises ValueError."""
    text = text.strip()
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = (int(part or 0) for part in clock.groups())
        return _possible(Decimal(hours * 3600 + minutes * 60 + rest), text)
    span = _SPAN.fullmatch(text.casefold())
    if span and any(span.groups()):
        days, hours, minutes, rest = (int(part or 0) for part in span.groups())
        return _possible(Decimal(days * 86_400 + hours * 3600 + minutes * 60 + rest), text)
    try:
        value = number(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a duration') from None
    return None if value is None else _possible(tidy(value), text)


def _possible(duration: Decimal, text: str) -> Decimal:
    if not 0 <= duration <= LARGEST:
        raise ValueError(f"a duration of {text} is not possible")
    return duration
