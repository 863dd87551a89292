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
        moment = _read("to", end, _moment)
        found.append((f"{column} < $", moment + timedelta(days=1)) if _DAY.match(end) else (f"{column} <= $", moment))
    return found


def weeks_between(start: str | None, end: str | None) -> list[Filter]:
    """Conditions for the weeks that share a day with a range of days, times or weeks (`2026-W47`).

    Raises:
        InvalidRequest: for anything else.
    """
    found: list[Filter] = []
    if start is not None:
        week = _WEEK.match(start)
        found.append(("week >= $", start) if week else ("week_start > $", _read("from", start, _day) - timedelta(7)))
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


def _moment(text: str) -> datetime:
    if _DAY.match(text):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset")
    return moment


def _day(text: str) -> date:
    return _moment(text).astimezone(UTC).date()
