"""Days and weeks of workouts are those of where they were done; today is where the user is."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import Week
from services.coach.reports.content import write_report
from services.coach.reports.due import closed_weeks, closes_at, inputs_digest
from services.coach.rules.free import reply
from shared.fold import fold
from tests.histories import history
from tests.stories import Story

NEW_YORK, TOKYO, LOS_ANGELES = "America/New_York", "Asia/Tokyo", "America/Los_Angeles"
# In New York Sunday, 14 September, 21:00.
SUNDAY_EVENING = datetime(2025, 9, 15, 1, tzinfo=UTC)
# In Tokyo Monday, 15 September, 06:00.
MONDAY_MORNING = datetime(2025, 9, 14, 21, tzinfo=UTC)


def trained(*workouts: tuple[datetime, str | None], zone: str | None = None) -> TrainingLog:
    """A set of each workout, begun then and in this zone; `zone` is the profile's."""
    story = Story()
    if zone:
        story.tell("ProfileUpdated", time_zone=zone)
    for number, (at, where) in enumerate(workouts, start=1):
        story.workout(workout_id=UUID(int=number), started_at=at, time_zone=where)
        story.set(number, workout_id=UUID(int=number), completed_at=at, reps=5, weight=100 + number)
    return TrainingLog.of(story.state)


@pytest.mark.parametrize("profile", [None, "Europe/Berlin"])
@pytest.mark.parametrize("hours", [1, 24 * 60])
@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("When did I last train?", "Your last workout was on 2025-09-14."),
        ("What next?", "last done on 2025-09-14."),
        ("What are my records?", "an estimated 1RM of 117.8 kg, on 2025-09-14."),
        ("What is my strongest lift?", "with 101 kg on 2025-09-14."),
        ("bench press record", "a load of 101 kg on 2025-09-14"),
        ("How is my bench press going?", "You last did Bench Press (Barbell) on 2025-09-14."),
    ],
)
def test_a_workout_is_told_of_with_its_own_day(question: str, said: str, hours: int, profile: str | None) -> None:
    log = trained((SUNDAY_EVENING, NEW_YORK), zone=profile)
    assert said in reply(question, log, SUNDAY_EVENING + timedelta(hours=hours)).text


def test_what_is_told_after_a_pause_is_as_of_the_last_sets_own_day() -> None:
    log = trained((SUNDAY_EVENING, NEW_YORK), zone="Europe/Berlin")
    later = SUNDAY_EVENING + timedelta(weeks=8)
    assert "In the eight weeks up to 2025-09-14 " in reply("Which exercises do I do most?", log, later).text
    assert "In the four weeks up to 2025-09-14 " in reply("How is my bench press going?", log, later).text


def test_this_week_is_that_of_the_last_workouts_place() -> None:
    log = trained((MONDAY_MORNING - timedelta(days=5), TOKYO), (MONDAY_MORNING, TOKYO))
    now = MONDAY_MORNING + timedelta(minutes=90)
    assert "In 2025-W38 you did 1 workout " in reply("How is this week going?", log, now).text
    assert "1 workout in 2025-W38 and 1 workout in 2025-W37" in reply("How often do I train?", log, now).text
    assert "You have trained 2 weeks in a row." in reply("What is my streak?", log, now).text


def test_the_profiles_zone_goes_before_the_last_workouts() -> None:
    log = trained((MONDAY_MORNING, TOKYO), zone="UTC")
    assert log.week_of(MONDAY_MORNING) == "2025-W37"


def test_what_names_no_zone_counts_in_utc_wherever_the_user_is_by_now() -> None:
    log = trained((MONDAY_MORNING, None), (MONDAY_MORNING + timedelta(days=3), TOKYO))
    assert log.day_of(MONDAY_MORNING, UUID(int=1)) == date(2025, 9, 14)
    assert [row.week for row in log.weeks] == ["2025-W37", "2025-W38"]


@pytest.mark.parametrize(
    ("zone", "over"),
    [(NEW_YORK, datetime(2025, 9, 15, 4, tzinfo=UTC)), (TOKYO, datetime(2025, 9, 14, 15, tzinfo=UTC))],
)
def test_a_week_closes_where_the_last_workout_was(zone: str, over: datetime) -> None:
    log = trained((datetime(2025, 9, 10, 12, tzinfo=UTC), zone))
    assert closes_at(log, "2025-W37") == over
    assert not closed_weeks(log, over - timedelta(milliseconds=1))
    assert list(closed_weeks(log, over)) == ["2025-W37"]


def test_a_journey_changes_no_report() -> None:
    at = datetime(2025, 8, 27, 12, tzinfo=UTC)
    home = trained((at, TOKYO), (at + timedelta(hours=10), None))
    away = trained((at, TOKYO), (at + timedelta(hours=10), None), (SUNDAY_EVENING, LOS_ANGELES))
    assert inputs_digest(home, "2025-W35") == inputs_digest(away, "2025-W35")
    assert write_report(home, "2025-W35").content(home) == write_report(away, "2025-W35").content(away)


def test_a_report_is_another_one_where_the_day_of_a_set_is() -> None:
    at = datetime(2025, 8, 27, 20, tzinfo=UTC)
    here, there = trained((at, TOKYO)), trained((at, NEW_YORK))
    assert write_report(here, "2025-W35").content(here) != write_report(there, "2025-W35").content(there)
    assert inputs_digest(here, "2025-W35") != inputs_digest(there, "2025-W35")


@pytest.mark.parametrize("seed", range(6))
def test_numbers_of_weeks_equal_the_shared_view(seed: int) -> None:
    log = TrainingLog.of(fold(event.recorded() for event in history(seed, events=300).received))
    assert log.weeks
    for row in log.weeks:
        week = Week(log, row.week)
        made = (week.trained(), week.working_sets(), week.tonnage(), week.effort(), week.body_weight())
        told = [one.value if one else None for one in made]
        moved = row.tonnage_kg if row.sets else None
        assert told == [row.workouts or None, row.sets or None, moved, row.average_rpe, row.weighed_kg]
        assert {one.quantity.removeprefix("hard."): one.value for one in week.muscles()} == row.hard_sets
