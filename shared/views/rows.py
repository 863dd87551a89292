"""What all rows have in common: typed values inside, one JSON form outside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, dataclass_transform
from uuid import UUID

from pydantic import BaseModel

from shared.values import format_moment, plain

Kind = TypeVar("Kind")


@dataclass_transform(frozen_default=True)
def row_of_many(kind: type[Kind]) -> type[Kind]:
    """A dataclass of which there are as many rows as events: frozen to the type checker alone, since freezing each of
    its fields as it is made takes four times as long as making it.
    """
    return dataclass(slots=True)(kind)


class Row:
    """One row of a view, of one user: a dataclass. `KEY` names the fields that tell it from the user's other rows of
    the view.
    """

    __slots__ = ()
    KEY: ClassVar[tuple[str, ...]]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def content(self) -> dict[str, Any]:
        """The row as JSON values: what reads answer, stores keep (it reads back as the row) and digests are made of."""
        return {name: json_form(getattr(self, name)) for name in self.__dataclass_fields__ if name != "KEY"}

    @property
    def key(self) -> tuple[Any, ...]:
        """The values of the key fields."""
        return tuple(getattr(self, name) for name in self.KEY)


def json_form(value: Any) -> Any:
    """A value as JSON has it: plain decimals, times in UTC with milliseconds, models without what they do not say.

    Raises:
        TypeError: for values that have no JSON form.
    """
    return _FORM_OF[type(value)](value)


def _itself(value: Any) -> Any:
    return value


def _model(value: BaseModel) -> dict[str, Any]:
    return {name: json_form(item) for name, item in value if item is not None}


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(json_form(name)): json_form(item) for name, item in value.items()}


def _sequence(value: Sequence[Any]) -> list[Any]:
    return [json_form(item) for item in value]


# The first that fits: words are text too, and a moment is a day too.
_FORMS: Mapping[type[Any], Callable[[Any], Any]] = {
    Enum: attrgetter("_value_"),  # what `value` says, at half the cost
    str: _itself,
    Decimal: plain,
    int: _itself,
    float: _itself,
    type(None): _itself,
    datetime: format_moment,
    date: str,
    UUID: str,
    BaseModel: _model,
    Mapping: _mapping,
    Sequence: _sequence,
}


class _FormOf(dict[type[Any], Callable[[Any], Any]]):
    """How values of a type are written; looked for once a type, since that is slower than writing."""

    def __missing__(self, kind: type[Any]) -> Callable[[Any], Any]:
        for known, form in _FORMS.items():
            if issubclass(kind, known):
                self[kind] = form
                return form
        raise TypeError(f"{kind.__name__} has no JSON form")


_FORM_OF = _FormOf()
