"""What all rows have in common: typed values inside, one JSON form outside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from shared.values import format_moment, plain


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a view, of one user. `KEY` names the fields that tell it from the user's other rows of the view."""

    KEY: ClassVar[tuple[str, ...]]

    def content(self) -> dict[str, Any]:
        """The row as JSON values: what reads answer, stores keep (it reads back as the row) and digests are made of."""
        return {name: json_form(getattr(self, name)) for name in self.__dataclass_fields__ if name != "KEY"}

    @property
    def key(self) -> tuple[Any, ...]:
        """The values of the key fields."""
        return tuple(getattr(self, name) for name in self.KEY)


def json_form(value: Any) -> Any:
    """A value as JSON has it: plain decimals, times in UTC with milliseconds, models without what they do not say."""
    form = _FORMS.get(type(value))
    return form(value) if form else _form_by_kind(value)


def _itself(value: Any) -> Any:
    return value


_FORMS: Mapping[type, Callable[[Any], Any]] = {
    type(None): _itself,
    bool: _itself,
    int: _itself,
    float: _itself,
    str: _itself,
    Decimal: plain,
    datetime: format_moment,
    date: str,
    UUID: str,
}


def _form_by_kind(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case BaseModel():
            return {name: json_form(item) for name, item in value if item is not None}
        case Mapping():
            return {str(json_form(name)): json_form(item) for name, item in value.items()}
        case Sequence():
            return [json_form(item) for item in value]
        case UUID():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
