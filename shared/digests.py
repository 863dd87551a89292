"""Digests that prove agreement between stores without comparing them row by row (law 9)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, Self
from uuid import UUID

from pydantic_core import PydanticSerializationError, to_json

from shared.values import format_moment

MODULUS = 2**128


@dataclass(frozen=True, slots=True)
class Digest:
    """A count and an order-independent sum modulo 2^128 of 16-byte hashes. Digests of disjoint sets add up."""

    count: int = 0
    total: int = 0

    def __add__(self, other: "Digest") -> "Digest":
        return Digest(self.count + other.count, (self.total + other.total) % MODULUS)

    @property
    def hash(self) -> str:
        """The sum as 32 lower-case hex digits."""
        return f"{self.total:032x}"

    @classmethod
    def parse(cls, count: int, hash: str) -> Self:
        """The digest whose `count` and `hash` were read from a store or a feed."""
        return cls(count, int(hash, 16))


EMPTY = Digest()


def event_digest(event_id: UUID, sequence_number: int) -> Digest:
    """The digest of one accepted event."""
    return digest_of_events([(event_id, sequence_number)])


def digest_of_events(events: Iterable[tuple[UUID, int]]) -> Digest:
    """The digest of `(event id, sequence number)` pairs."""
    return _digest_of((event_id.int << 64 | number).to_bytes(24, "big") for event_id, number in events)


def content_digest(rows: Iterable[Mapping[str, Any]]) -> Digest:
    """The digest of view rows, each taken as canonical JSON."""
    return digest_of_texts(map(canonical_json, rows))


def digest_of_texts(rows: Iterable[str]) -> Digest:
    """The digest of view rows that are canonical JSON already."""
    return _digest_of(row.encode() for row in rows)


def _digest_of(parts: Iterable[bytes]) -> Digest:
    count, total = 0, 0
    for part in parts:
        count, total = count + 1, total + int.from_bytes(sha256(part).digest()[:16], "big")
    return Digest(count, total % MODULUS)


_AS_THEY_ARE = frozenset((str, int, bool, type(None)))
# Up to here a float that is a whole number is exactly that number, and below 0.0001 its digits come with an exponent.
_EXACT, _PLAIN = 2.0**53, 0.0001


def canonical_json(value: Any) -> str:
    """Sorted keys, no blanks, plain decimals without trailing zeros, times in milliseconds.

    Raises:
        TypeError: for values that have no JSON form.
    """
    try:
        return to_json(_encodable(value)).decode()
    except (TypeError, PydanticSerializationError):
        return _canonical(value)


def _encodable(value: Any) -> Any:
    """The value as one that the fast encoder writes canonically: with its keys in order.

    Raises:
        TypeError: where there is none.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return {key: item if type(item) in _AS_THEY_ARE else _encodable(item) for key, item in sorted(value.items())}
    if kind is float:
        return _encodable_float(value)
    if kind is list or kind is tuple:
        return [_encodable(item) for item in value]
    raise TypeError(kind.__name__)


def _encodable_float(value: float) -> int | float:
    if value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if _PLAIN <= abs(value) <= _EXACT:
        return value
    raise TypeError("a float that is written with an exponent")


def _canonical(value: Any) -> str:
    match value:
        case None:
            return "null"
        case Enum():
            return _canonical(value.value)
        case bool():
            return "true" if value else "false"
        case str():
            return encode_basestring(value)
        case int():
            return str(value)
        case float():
            return _plain_decimal(Decimal(repr(value)))
        case Decimal():
            return _plain_decimal(value)
        case datetime():
            return f'"{format_moment(value)}"'
        case date() | UUID():
            return f'"{value}"'
        case Mapping():
            pairs = sorted(((str(key), item) for key, item in value.items()), key=lambda pair: pair[0])
            return "{" + ",".join(f"{encode_basestring(key)}:{_canonical(item)}" for key, item in pairs) + "}"
        case Sequence():
            return "[" + ",".join(map(_canonical, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical JSON")


def _plain_decimal(value: Decimal) -> str:
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
