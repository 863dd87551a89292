"""`from` and `to` of lists: moments, days or weeks."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, TypeVar

from fastapi import Query

from services.projector.store.lists import Filter
from shared.errors import InvalidRequest

From = Annotated[str | None, Query(alias="from", max_length=64, description="A time with offset, or a day (UTC)")]
To = Annotated[str | None, Query(alias="to", max_length=64, description="A time with offset, or a day (UTC), included")]

Value = TypeVar("Value")

_WEEK = re.compile(r"^(\d{4})-W(\d{2})$")
_ALMOST_A_DAY = timedelta(days=1) - timedelta(milliseconds=1)
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def between(column: str, start: str | None, end: str | None) -> list[Filter]:
    """Conditions for moments in a range, both ends included; a day ends with its last moment.

    Raises:
        InvalidRequest: for what is neither a time with offset nor a day.
    """
    found: list[Filter] = []
    if start is not None:
        found.append((f"{column} >= $", _read("from", start, _moment)))
    if end is not None:
        found.append((f"{column} <= $", _read("to", end, _last_moment)))
    return found


def weeks_between(start: str | None, end: str | None) -> list[Filter]:
    """Conditions for the weeks that share a day with a range of days, times or weeks (`2026-W47`).

    Raises:
        InvalidRequest: for anything else.
    """
    found: list[Filter] = []
    if start is not None:
        week = _WEEK.match(start)
        found.append(("week >= $", start) if week else ("week_start > $", _read("from", start, _week_before)))
    if end is not None:
        week = _WEEK.match(end)
        found.append(("week <= $", end) if week else ("week_start <= $", _read("to", end, _day)))
    return found


def _read(field: str, text: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(text)
    except (ValueError, OverflowError) as error:
        message = f"{field}: must be a time with an offset (RFC 3339) or a day (YYYY-MM-DD)"
        raise InvalidRequest(message, field=field) from error


def moment(field: str, text: str) -> datetime:
    """A time in UTC.

    Raises:
        InvalidRequest: for what is neither a time with offset nor a day.
    """
    return _read(field, text, _last_moment)


def _moment(text: str) -> datetime:
    if _DAY.match(text):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time needs an offset")
    return found.astimezone(UTC)


def _last_moment(text: str) -> datetime:
    return _moment(text) + (_ALMOST_A_DAY if _DAY.match(text) else timedelta(0))


def _day(text: str) -> date:
    return _moment(text).date()


def _week_before(text: str) -> date:
    return max(_day(text), date.min + timedelta(days=7)) - timedelta(days=7)
