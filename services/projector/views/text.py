"""Rows as canonical JSON in one pass: the hot path of projection and rebuild.

Training repeats itself: the same loads, exercises and words come again and again, so texts of values are remembered.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any
from uuid import UUID

from pydantic_core import SchemaSerializer, core_schema

from services.projector.views.row import Row
from shared.digests import canonical_json
from shared.values import format_moment, plain
from shared.views.rows import Row as SharedRow
from shared.views.rows import json_form

# A decimal of no more digits is written the same after it was a float.
_SURE_DIGITS = 15
_REMEMBERED = 20_000
# Several times as fast as `str`.
_encoded_identity = SchemaSerializer(core_schema.uuid_schema()).to_json


def text_of(row: Row) -> str:
    """What `canonical_json(row.content())` says."""
    if not isinstance(row, SharedRow) or type(row).content is not SharedRow.content:
        return canonical_json(row.content())
    kind: Any = type(row)
    template, values = _form(kind)
    return template % tuple(["null" if value is None else _TEXTS[type(value)](value) for value in values(row)])


@cache
def _form(kind: Any) -> tuple[str, Callable[[SharedRow], tuple[Any, ...]]]:
    """The text of a row with places for its values, and what reads them, in canonical order."""
    names = sorted(name for name in kind.__dataclass_fields__ if name != "KEY")
    places = ",".join(encode_basestring(name).replace("%", "%%") + ":%s" for name in names)
    return "{" + places + "}", attrgetter(*names) if len(names) > 1 else _each(names)


def _each(names: list[str]) -> Callable[[SharedRow], tuple[Any, ...]]:
    return lambda row: tuple(getattr(row, name) for name in names)


class _Remembered(dict[Any, str]):
    """The texts of values of one type, of which equal ones are written alike."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        self._write = write

    def __missing__(self, value: Any) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        text = self[value] = self._write(value)
        return text


def _decimal(value: Decimal) -> str:
    text = str(value)
    if len(text) > _SURE_DIGITS or "E" in text:
        return canonical_json(plain(value))
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _moment(value: datetime) -> str:
    return f'"{format_moment(value)}"'


def _identity(value: UUID) -> str:
    return _encoded_identity(value).decode()


def _other_identity(value: UUID) -> str:
    return f'"{value}"'


def _object(value: dict[Any, Any]) -> str:
    texts: list[str] = []
    for name in sorted(value) if len(value) > 1 else value:
        if type(name) is not str:
            return _the_long_way(value)
        item = value[name]
        texts.append(f"{encode_basestring(name)}:{_TEXTS[type(item)](item)}")
    return "{" + ",".join(texts) + "}"


def _the_long_way(value: Any) -> str:
    return canonical_json(json_form(value))


class _Texts(dict[type[Any], Callable[[Any], str]]):
    """How values of a type are written; words of a vocabulary are remembered, what is not listed takes the long way."""

    def __missing__(self, kind: type[Any]) -> Callable[[Any], str]:
        short = _other_identity if issubclass(kind, UUID) else encode_basestring if issubclass(kind, str) else None
        self[kind] = short or _the_long_way
        return self[kind]


_KNOWN: Mapping[type[Any], Callable[[Any], str]] = {
    type(None): {None: "null"}.__getitem__,
    bool: {True: "true", False: "false"}.__getitem__,
    int: str,
    float: _Remembered(_the_long_way).__getitem__,
    str: encode_basestring,
    Decimal: _Remembered(_decimal).__getitem__,
    datetime: _moment,
    UUID: _identity,
    dict: _object,
}
_TEXTS = _Texts(_KNOWN)
