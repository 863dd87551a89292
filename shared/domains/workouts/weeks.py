"""Which training week a moment belongs to.

Weeks bear ISO labels (`2026-W47`). A week that starts on another day than Monday bears the label of its fourth day,
as ISO weeks do: the label of the year and week in which most of it lies.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

MONDAY = 1
# Clocks are data: a moment at the edges of the calendar belongs to its outermost whole week.
_FIRST = datetime(1, 1, 15, tzinfo=UTC)
_LAST = datetime(9999, 12, 15, tzinfo=UTC)


@cache
def zone(name: str) -> ZoneInfo:
    """An IANA zone of the installed `tzdata` package, never of the host: the fold must not depend on where it runs."""
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A user's weeks. `week_start` is an ISO weekday, 1 for Monday to 7 for Sunday."""

    time_zone: str = "UTC"
    week_start: int = MONDAY

    def day(self, moment: datetime, time_zone: str | None = None) -> date:
        """The local date, in the given zone or the user's."""
        return min(max(moment, _FIRST), _LAST).astimezone(zone(time_zone or self.time_zone)).date()

    def week(self, moment: datetime, time_zone: str | None = None) -> str:
        """The label of the week that holds the moment, in the given zone or the user's."""
        day = self.day(moment, time_zone)
        first = day - timedelta(days=(day.isoweekday() - self.week_start) % 7)
        return _label(first + timedelta(days=3))

    def first_day(self, week: str) -> date:
        """The day on which the week with this label starts.

        Raises:
            ValueError: for what is no label of a week.
        """
        return _day_of(week, weekday=(self.week_start + 2) % 7 + 1) - timedelta(days=3)


def week_before(week: str, back: int = 1) -> str:
    """The label of the week so many weeks earlier, wherever the weeks start.

    Before the calendar's first week, in which no moment lies, there is only that one.
    """
    monday = _day_of(week, weekday=MONDAY).toordinal() - 7 * back
    return _label(date.fromordinal(max(monday, date.min.toordinal())))


def _day_of(week: str, weekday: int) -> date:
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), weekday)


def _label(day: date) -> str:
    year, number, _ = day.isocalendar()
    return f"{year:04d}-W{number:02d}"
