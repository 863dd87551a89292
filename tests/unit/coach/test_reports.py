"""Weekly reports on a real history equal sums over the file's rows, and are due when the user's week is over."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from services.coach.facts.claims import holds
from services.coach.facts.log import TrainingLog
from services.coach.reports.content import write_report
from services.coach.reports.due import closed_weeks, closes_at, inputs_digest, next_close
from shared.fold import Recorded, fold
from shared.registry import registry
from tests.stories import Story, moment
from tests.unit.coach.hevy import NOW, training_log
from tests.unit.coach.test_questions import by_week, tonnage, working

DEVICE = UUID(int=1)


def log_of(*said: tuple[str, dict[str, object]]) -> TrainingLog:
    parsed = [registry().parse(kind, registry().events[kind].schema_version, payload) for kind, payload in said]
    return TrainingLog.of(
        fold(
            Recorded(event, UUID(int=number), DEVICE, number, datetime(2026, 1, 1, tzinfo=UTC), {})
            for number, event in enumerate(parsed, start=1)
        )
    )


def test_every_closed_week_has_its_report() -> None:
    closed = closed_weeks(training_log(), NOW)
    assert sorted(closed) == sorted(label for label in by_week() if label < "2025-W38")


def test_reports_equal_the_sums_of_the_file() -> None:
    log = training_log()
    for label, sessions in by_week().items():
        report = write_report(log, label)
        rows = [row for session in sessions for row in working(session)]
        totals = report.data["totals"]
        assert totals["workouts"] == len(sessions)
        assert totals["sets"] == len(rows)
        assert Decimal(str(totals["tonnage_kg"])) == tonnage(rows)
        assert totals["hard_sets"] == sum(row.rpe is None or row.rpe >= 6 for row in rows)
        assert all(holds(made, log) for made in report.claims)
        assert f"| Working sets | {len(rows)} |" in report.markdown
        ElementTree.fromstring(report.chart_svg)  # noqa: S314  our own text


def test_a_report_is_the_same_however_often_it_is_made() -> None:
    log = training_log()
    assert write_report(log, "2025-W37").content(log) == write_report(log, "2025-W37").content(log)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin"])
@pytest.mark.parametrize("week_start", [1, 6, 7])
def test_a_week_closes_at_the_users_midnight(zone: str, week_start: int) -> None:
    log = log_of(("ProfileUpdated", {"time_zone": zone, "week_start": week_start}))
    moment = datetime(2026, 3, 26, 15, tzinfo=UTC)
    week = log.week_of(moment)
    closing = closes_at(log, week)
    local = closing.astimezone(ZoneInfo(zone))
    assert (local.isoweekday(), local.hour, local.minute) == (week_start, 0, 0)
    assert log.week_of(closing - timedelta(seconds=1)) == week
    assert log.week_of(closing) != week
    assert next_close(log, moment) == closing


def story(*done: int, weighed: int, warm_up: int | None = None) -> TrainingLog:
    """Equal sets with these ids, a week apart, up to Wednesday, 18 November 2026, and a weighing with this id."""
    told = Story().tell("BodyMeasurementRecorded", measurement_id=UUID(int=weighed), measured_at=moment(-80), weight=80)
    for back, number in enumerate(done):
        workout, hours = UUID(int=500 + back), -80 - 168 * back
        told.workout(hours, workout_id=workout).set(number, hours=hours, workout_id=workout, reps=5, weight=100)
        if warm_up:
            told.set(warm_up + back, hours=hours, workout_id=workout, reps=5, weight=20, set_type="warmup")
    return TrainingLog.of(told.state)


@pytest.mark.parametrize(
    "other",
    [
        story(1, 12, 3, weighed=9),
        story(1, 2, 13, weighed=9),
        story(1, 2, 3, weighed=19),
        story(1, 2, 3, weighed=9, warm_up=20),
    ],
    ids=["a set of the week before", "a set of the chart", "a weighing", "the last set of each workout"],
)
def test_a_report_is_made_again_where_it_would_cite_another_row(other: TrainingLog) -> None:
    log = story(1, 2, 3, weighed=9)
    assert write_report(log, "2026-W47").markdown == write_report(other, "2026-W47").markdown
    assert write_report(log, "2026-W47").content(log) != write_report(other, "2026-W47").content(other)
    assert inputs_digest(log, "2026-W47") != inputs_digest(other, "2026-W47")


def test_a_report_stays_where_only_older_weeks_change() -> None:
    log, longer = story(*range(1, 9), weighed=9), story(*range(1, 10), weighed=9)
    assert write_report(log, "2026-W47").content(log) == write_report(longer, "2026-W47").content(longer)
    assert inputs_digest(log, "2026-W47") == inputs_digest(longer, "2026-W47")


def test_only_closed_weeks_are_due() -> None:
    at = datetime(2026, 11, 18, 9, tzinfo=UTC)
    log = log_of(("WorkoutStarted", {"workout_id": str(UUID(int=7)), "started_at": at.isoformat()}))
    closing = closes_at(log, "2026-W47")
    assert not closed_weeks(log, closing - timedelta(milliseconds=1))
    assert list(closed_weeks(log, closing)) == ["2026-W47"]


def test_names_come_out_as_text_not_markup() -> None:
    at = datetime(2026, 11, 18, 9, tzinfo=UTC).isoformat()
    exercise, workout = str(UUID(int=8)), str(UUID(int=7))
    log = log_of(
        ("ExerciseDefined", {"exercise_id": exercise, "name": "![x](http://e) <b>|", "muscle_category": "chest"}),
        ("WorkoutStarted", {"workout_id": workout, "started_at": at}),
        (
            "SetCompleted",
            {
                "set_id": str(UUID(int=9)),
                "workout_id": workout,
                "exercise_id": exercise,
                "completed_at": at,
                "reps": 5,
                "weight": 100,
            },
        ),
    )
    markdown = write_report(log, "2026-W47").markdown
    assert "![x]" not in markdown
    assert "<b>" not in markdown
    assert r"\!\[x\]" in markdown
