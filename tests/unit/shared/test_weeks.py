"""Training weeks: time zones, first days, ISO labels."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domains.workouts.weeks import Calendar


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "week", "first_day"),
    [
        ("2026-11-21T10:00", "2026-W47", date(2026, 11, 16)),
        ("2026-01-01T00:00", "2026-W01", date(2025, 12, 29)),
        ("2027-01-03T23:59", "2026-W53", date(2026, 12, 28)),
        ("2027-01-04T00:00", "2027-W01", date(2027, 1, 4)),
    ],
)
def test_iso_weeks(moment: str, week: str, first_day: date) -> None:
    assert Calendar().week(at(moment)) == week
    assert Calendar().first_day(week) == first_day


def test_the_time_zone_of_the_workout_goes_before_that_of_the_user() -> None:
    sunday_night = at("2026-11-22T23:30")

    assert Calendar().week(sunday_night) == "2026-W47"
    assert Calendar("Europe/Berlin").week(sunday_night) == "2026-W48"
    assert Calendar("Europe/Berlin").week(sunday_night, "America/New_York") == "2026-W47"


@pytest.mark.parametrize(
    ("week_start", "moment", "week", "first_day"),
    [
        (7, "2026-11-22T10:00", "2026-W48", date(2026, 11, 22)),  # Sunday to Saturday; the fourth day is Wednesday
        (7, "2026-11-21T10:00", "2026-W47", date(2026, 11, 15)),
        (6, "2026-11-21T10:00", "2026-W48", date(2026, 11, 21)),  # the fourth day is Tuesday
        (5, "2026-11-20T10:00", "2026-W48", date(2026, 11, 20)),  # the fourth day is Monday
        (4, "2026-11-19T10:00", "2026-W47", date(2026, 11, 19)),  # the fourth day is Sunday
        (2, "2026-11-16T10:00", "2026-W46", date(2026, 11, 10)),
    ],
)
def test_other_week_starts_bear_the_label_of_their_fourth_day(
    week_start: int, moment: str, week: str, first_day: date
) -> None:
    calendar = Calendar(week_start=week_start)

    assert calendar.week(at(moment)) == week
    assert calendar.first_day(week) == first_day


@given(st.datetimes(datetime(1, 2, 1), datetime(9999, 11, 30)), st.integers(1, 7))
def test_every_week_starts_on_the_first_day_and_holds_its_moments(moment: datetime, week_start: int) -> None:
    calendar, aware = Calendar(week_start=week_start), moment.replace(tzinfo=UTC)

    first = calendar.first_day(calendar.week(aware))

    assert first.isoweekday() == week_start
    assert timedelta(0) <= moment.date() - first < timedelta(days=7)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("week_start", range(1, 8))
def test_the_ends_of_time_have_a_week(zone: str, week_start: int) -> None:
    calendar = Calendar(zone, week_start)

    for moment in (datetime.min, datetime.max):
        assert calendar.first_day(calendar.week(moment.replace(tzinfo=UTC)))
