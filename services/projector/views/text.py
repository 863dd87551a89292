"""Rows as canonical JSON in one pass: the hot path of projection and rebuild."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from services.projector.views.row import Row
from shared.digests import canonical_json
from shared.values import format_moment, plain
from shared.views.rows import Row as SharedRow
from shared.views.rows import json_form

# A decimal of no more digits is written the same after it was a float.
_SURE_DIGITS = 15


def text_of(row: Row) -> str:
    """What `canonical_json(row.content())` says."""
    if not isinstance(row, SharedRow) or type(row).content is not SharedRow.content:
        return canonical_json(row.content())
    return "{" + ",".join([written + _TEXTS[type(value)](value) for written, value in _pairs(row)]) + "}"


def _pairs(row: SharedRow) -> list[tuple[str, Any]]:
    return [(written, getattr(row, name)) for name, written in _names(type(row))]


_NAMES: dict[type[SharedRow], list[tuple[str, str]]] = {}


def _names(kind: type[SharedRow]) -> list[tuple[str, str]]:
    """The fields in canonical order, each with how it is written before its value."""
    if kind not in _NAMES:
        names = sorted(name for name in kind.__dataclass_fields__ if name != "KEY")
        _NAMES[kind] = [(name, f"{encode_basestring(name)}:") for name in names]
    return _NAMES[kind]


def _decimal(value: Decimal) -> str:
    text = str(value)
    if len(text) > _SURE_DIGITS or "E" in text:
        return canonical_json(plain(value))
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _moment(value: datetime) -> str:
    if value.tzinfo is UTC:
        return f'"{value.isoformat(timespec="milliseconds")[:-6]}Z"'
    return f'"{format_moment(value)}"'


def _identity(value: UUID) -> str:
    return f'"{value}"'


class _Texts(dict[type[Any], Callable[[Any], str]]):
    """How values of a type are written; what is not listed takes the long way."""

    def __missing__(self, kind: type[Any]) -> Callable[[Any], str]:
        short = _identity if issubclass(kind, UUID) else encode_basestring if issubclass(kind, str) else None
        self[kind] = short or _the_long_way
        return self[kind]


def _the_long_way(value: Any) -> str:
    return canonical_json(json_form(value))


_KNOWN: Mapping[type[Any], Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    str: encode_basestring,
    Decimal: _decimal,
    datetime: _moment,
}
_TEXTS = _Texts(_KNOWN)
