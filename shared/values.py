"""The strict value types of everything on the wire: what they accept is always storable."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, SchemaSerializer, TzInfo, core_schema

MAX_INTEGER = 2**53 - 1
MICRO = Decimal("0.000001")
_LARGEST_EXPONENT = 15
_LEAP_SECOND = re.compile(r"(?<=:\d\d):60(\.\d+)?(?=[Zz+-])")
# What Pydantic makes of a Z.
_ZULU = TzInfo(0)
# Twice as fast as `isoformat`.
_encoded_moment = SchemaSerializer(core_schema.datetime_schema()).to_json


class Strict(BaseModel):
    """A frozen record that refuses unknown fields, wrong types, NaN and infinities."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def _whole(value: Any) -> Any:
    """5.0 is the integer 5 in JSON Schema, and those write it so who know only floats."""
    return int(value) if type(value) is float and value.is_integer() else value


def _number(value: Any) -> Decimal:
    if type(value) in (int, float) and value:
        return _remembered(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number")
    return _checked(value)


def _checked(value: float | Decimal) -> Decimal:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or number.adjusted() > _LARGEST_EXPONENT or number != number.quantize(MICRO):
        raise ValueError("must be a number of at most 16 digits and 6 decimals")
    return number


# The same loads and efforts come again and again. Only numbers of one type that are equal are written alike, and not
# zeros: there are two of them.
_remembered = lru_cache(maxsize=10_000, typed=True)(_checked)


@lru_cache(maxsize=10_000)
def _of_float(value: float) -> Decimal:
    """A number that was read as a float whether it was written as 80 or as 80.0: the same decimal, to the letter."""
    return _checked(int(value) if value.is_integer() else value)


@dataclass(frozen=True)
class _InWords:
    """A time comes as RFC 3339 writes it, if need be without its seconds: never as a number of seconds since 1970,
    which is what Pydantic takes from digits. Python itself is the fastest to read what `format_moment` has written."""

    pattern: ClassVar = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})$"
    ours: ClassVar = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
    message: ClassVar = "must be a time with an offset, as RFC 3339 writes it, between the years 1 and 9999 in UTC"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        moment: Any = handler(source)
        text = core_schema.str_schema(pattern=self.pattern, max_length=64)
        counted = core_schema.no_info_after_validator_function(_without_leap_second, text)
        written = core_schema.chain_schema([counted, {**moment, "strict": False}])
        in_python = core_schema.union_schema([{**moment, "strict": True}, written])
        then = core_schema.no_info_after_validator_function
        ours = then(datetime.fromisoformat, core_schema.str_schema(pattern=self.ours))
        in_json = core_schema.union_schema([ours, then(_to_milliseconds, written)], mode="left_to_right")
        return core_schema.custom_error_schema(
            core_schema.json_or_python_schema(in_json, then(_to_milliseconds, in_python)),
            "moment",
            custom_error_message=self.message,
        )

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core_schema.datetime_schema())


def _without_leap_second(text: str) -> str:
    """A leap second is the last millisecond before the next one here: Python's times have no place for it."""
    return _LEAP_SECOND.sub(":59.999", text) if ":60" in text else text


def _to_milliseconds(value: datetime) -> datetime:
    # Most times come in UTC and in whole milliseconds: putting them together anew is what costs least, replacing most.
    utc = datetime.combine(value.date(), value.time(), UTC) if value.tzinfo == _ZULU else _in_utc(value)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000) if utc.microsecond % 1000 else utc


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no time between the years 1 and 9999 in UTC") from error


def no_nul(value: str) -> str:
    """Text that PostgreSQL can store."""
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    value.encode()  # a lone surrogate is not storable text: UnicodeEncodeError is a ValueError
    return value


def _time_zone(value: str) -> str:
    if value not in available_zones():
        raise ValueError("must be an IANA time zone")
    return value


@cache
def available_zones() -> frozenset[str]:
    """The IANA names of the installed `tzdata` package: what the host has installed must not matter."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@lru_cache(maxsize=10_000)
def plain(value: Decimal) -> int | float:
    """A decimal as the JSON number that reads the same: at most 6 decimals survive a float unchanged."""
    return int(value) if value == value.to_integral_value() else float(value)


def utc_now() -> datetime:
    """This moment as times are stored: in UTC, in whole milliseconds."""
    return _to_milliseconds(datetime.now(UTC))


def format_moment(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, the one way in which times are written."""
    text = _encoded_moment(value if value.tzinfo is UTC else value.astimezone(UTC)).decode()
    # Quoted, with all six digits of a second's fraction, or none.
    return f"{text[1:-5]}Z" if value.microsecond else f"{text[1:-2]}.000Z"


@dataclass(frozen=True)
class Within:
    """A number from `least` to `most`, both included, in whole `step`s if there is one. Between such bounds a float is
    exact to the last of six decimals."""

    least: int
    most: int
    step: float | None = None

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.float_schema(ge=self.least, le=self.most, multiple_of=self.step, strict=True)
        step = None if self.step is None else Decimal(str(self.step))
        exact = core_schema.decimal_schema(ge=Decimal(self.least), le=Decimal(self.most), multiple_of=step)
        return core_schema.json_or_python_schema(
            core_schema.no_info_after_validator_function(_of_float, bounded),
            core_schema.no_info_before_validator_function(_number, exact),
            serialization=core_schema.plain_serializer_function_ser_schema(plain, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, _: Any, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        bounds = {"minimum": self.least, "maximum": self.most} | ({"multipleOf": self.step} if self.step else {})
        return {"type": "number", **bounds}


# What the published schema says of it: Pydantic's own would allow strings.
Number = Annotated[
    Decimal,
    BeforeValidator(_number),
    PlainSerializer(plain, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number"}, mode="validation"),
]
Measure = Annotated[Decimal, Within(0, 1_000_000)]
Moment = Annotated[
    AwareDatetime,
    _InWords(),
    PlainSerializer(format_moment, return_type=str, when_used="json"),
]
Text = Annotated[str, AfterValidator(no_nul)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(no_nul)]
Notes = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(no_nul)]
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_time_zone)]
Whole = BeforeValidator(_whole)
SequenceNumber = Annotated[int, Field(ge=1, le=MAX_INTEGER), Whole]
LastSequence = Annotated[int, Field(ge=0, le=MAX_INTEGER), Whole]
Count = Annotated[int, Field(ge=0, le=1_000_000), Whole]
