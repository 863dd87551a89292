"""Training weeks: time zones, first days, ISO labels."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domains.workouts.weeks import Calendar, week_before
from tests.stories import WORKOUT, Story


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


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("week_start", range(1, 8))
@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_what_lies_at_the_ends_of_time_has_its_rows(zone: str, week_start: int, end: str) -> None:
    story = Story().tell("ProfileUpdated", time_zone=zone, week_start=week_start)
    story.workout(started_at=end, time_zone=zone).set(1, completed_at=end, reps=5, weight=100)
    story.tell("WorkoutEnded", workout_id=WORKOUT, ended_at=end)
    story.tell("BodyMeasurementRecorded", measurement_id=WORKOUT, measured_at=end, weight=80)

    week = story.only("weekly")

    assert (week["workouts"], week["sets"], week["weighed_kg"], week["streak_weeks"]) == (1, 1, 80, 1)
    assert story.only("workouts")["started_at"] == story.only("measurements")["measured_at"]


def test_weeks_before_a_week() -> None:
    assert (week_before("2027-W01"), week_before("2027-W03", 3)) == ("2026-W53", "2026-W53")


def test_before_the_first_week_of_the_calendar_there_is_only_that_one_and_nothing_lies_in_it() -> None:
    assert {week_before("0001-W03", back) for back in (2, 3, 1_000_000)} == {"0001-W01"}
    for week_start in range(1, 8):
        assert Calendar("Pacific/Pago_Pago", week_start).week(datetime.min.replace(tzinfo=UTC)) > "0001-W01"
