"""Clocks are data: a log at the ends of the calendar is told of like any other."""

from datetime import UTC, datetime

import pytest

from services.coach.facts.log import TrainingLog
from services.coach.model.prompts import facts_for
from services.coach.plans.bounds import bounded
from services.coach.plans.choice import Choice
from services.coach.plans.shape import WorkoutPlanRequest
from services.coach.reports.content import write_report
from services.coach.reports.due import closed_weeks, closes_at
from services.coach.rules.named import hard_sets_of, progress_of
from services.coach.rules.questions import QUICK_QUESTIONS
from shared.domains.exercises.vocabulary import Muscle
from tests.stories import BENCH, Story

ENDS = pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
ZONES = pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
WEEK_STARTS = pytest.mark.parametrize("week_start", range(1, 8))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def trained(end: str, zone: str, week_start: int) -> TrainingLog:
    """The log of who trained and weighed themselves at this moment."""
    story = Story().tell("ProfileUpdated", time_zone=zone, week_start=week_start)
    story.workout(started_at=end).set(1, completed_at=end, reps=5, weight=100)
    story.tell("BodyMeasurementRecorded", measurement_id=BENCH, measured_at=end, weight=80)
    return TrainingLog.of(story.state)


@ENDS
@ZONES
@WEEK_STARTS
def test_a_week_at_the_end_closes_and_has_its_report(end: str, zone: str, week_start: int) -> None:
    log = trained(end, zone, week_start)
    (week,) = log.weeks

    assert list(closed_weeks(log, closes_at(log, week.week))) == [week.week]
    report = write_report(log, week.week)
    assert (report.data["totals"]["sets"], report.data["previous"]) == (1, {})
    assert report.chart_svg.count(week.week[5:]) >= 1


@ENDS
@ZONES
@WEEK_STARTS
def test_every_question_has_an_answer(end: str, zone: str, week_start: int) -> None:
    log = trained(end, zone, week_start)

    answers = [question.rules(log, NOW) for question in QUICK_QUESTIONS]
    answers += [progress_of(BENCH, log, NOW), hard_sets_of((Muscle.CHEST,), log, NOW)]

    assert all(answer.text for answer in answers)


@ENDS
@ZONES
def test_a_model_and_a_plan_get_their_facts(end: str, zone: str) -> None:
    log = trained(end, zone, 1)
    choice = Choice(log, WorkoutPlanRequest(), frozenset(), NOW)

    told = facts_for(log, NOW)

    assert bool(told) is (log.sets[0].completed_at < NOW)
    assert bounded(choice.by_rules(), choice, 3, NOW)
