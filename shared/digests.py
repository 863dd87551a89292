"""Digests that prove agreement between stores without comparing them row by row (law 9)."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, Self
from uuid import UUID

from shared.values import format_moment

MODULUS = 2**128


def _first_16_bytes(data: bytes) -> int:
    return int.from_bytes(sha256(data).digest()[:16], "big")


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
    return Digest(1, _first_16_bytes(event_id.bytes + sequence_number.to_bytes(8, "big")))


def digest_of_events(events: Iterable[tuple[UUID, int]]) -> Digest:
    """The digest of `(event id, sequence number)` pairs."""
    return sum((event_digest(event_id, number) for event_id, number in events), start=EMPTY)


def content_digest(rows: Iterable[Mapping[str, Any]]) -> Digest:
    """The digest of view rows, each taken as canonical JSON."""
    count, total = 0, 0
    for row in rows:
        count, total = count + 1, total + _first_16_bytes(canonical_json(row).encode())
    return Digest(count, total % MODULUS)


# What the fast encoder writes otherwise than law 9: integral floats and exponents. A hit inside a string is harmless.
_NOT_CANONICAL = re.compile(r"\d\.0(?:[,\]}]|$)|\de[-+]\d")


def canonical_json(value: Any) -> str:
    """Sorted keys, no blanks, plain decimals without trailing zeros, times in milliseconds.

    Raises:
        TypeError: for values that have no JSON form.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except TypeError:
        return _canonical(value)
    return _canonical(value) if _NOT_CANONICAL.search(text) else text


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
