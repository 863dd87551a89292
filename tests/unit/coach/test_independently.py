"""Every quick question, at several moments of the history, and every report equal SQL over the raw rows."""

from datetime import datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from services.coach.facts.claims import holds
from services.coach.facts.log import TrainingLog
from services.coach.reports.content import write_report
from services.coach.reports.due import closed_weeks
from services.coach.rules.questions import QUICK_QUESTIONS, find
from tests.unit.coach.expected import EXPECTED, rows
from tests.unit.coach.expected_reports import hard_sets, markdown, tonnage_bar, totals, week_before
from tests.unit.coach.hevy import export
from tests.unit.coach.raw import log_until, until


def _moment(share: float, days: int) -> tuple[datetime, datetime]:
    """The end of a part of the history, and so many days later: when it is asked."""
    sessions = sorted(export().sessions, key=lambda session: session.started_at)
    last = sessions[int(share * (len(sessions) - 1))]
    end = max(row.completed_at for row in last.sets)
    return end + timedelta(hours=3), end + timedelta(days=days, hours=3)


MOMENTS = [_moment(0.3, 0), _moment(0.7, 1), _moment(1, 3), _moment(1, 24), _moment(1, 75)]


def test_every_quick_question_has_an_expected_answer() -> None:
    assert [quick.question for quick in QUICK_QUESTIONS] == list(EXPECTED)
    assert len(EXPECTED) >= 20


@pytest.mark.parametrize("question", EXPECTED)
@pytest.mark.parametrize("moments", MOMENTS, ids=["early", "middle", "end", "pause", "long pause"])
def test_answers_equal_sql_over_the_raw_rows(question: str, moments: tuple[datetime, datetime]) -> None:
    logged_until, now = moments
    quick, log = find(question), log_until(logged_until)
    assert quick is not None
    until(now)
    answer = quick.rules(log, now)
    assert answer.text == EXPECTED[question](now)
    assert all(holds(made, log) for made in answer.claims)


@pytest.fixture(scope="module")
def everything() -> TrainingLog:
    end = MOMENTS[-1][1]
    until(end)
    return log_until(end)


def test_there_is_a_report_of_every_closed_week_with_a_workout_or_a_weighing(everything: TrainingLog) -> None:
    told = {label for (label,) in rows("SELECT week FROM workouts UNION SELECT week FROM body")}
    assert set(closed_weeks(everything, MOMENTS[-1][1])) == told
    assert len(told) > 30


def test_reports_of_all_weeks_equal_sql_over_the_raw_rows(everything: TrainingLog) -> None:
    for label in closed_weeks(everything, MOMENTS[-1][1]):
        report = write_report(everything, label)
        assert report.data["totals"] == totals(label)
        assert report.data["previous"] == totals(week_before(label))
        assert report.data["hard_sets"] == hard_sets(label)
        assert report.markdown == markdown(label)
        assert numbers(report.data) <= {float(made.value) for made in report.claims}
        assert drawn(report.chart_svg) <= {round(made.value) for made in report.claims} | {0}
        assert bars(report.chart_svg) == [tonnage_bar(week_before(label, back)) for back in reversed(range(8))]
        assert all(holds(made, everything) for made in report.claims)


def numbers(data: object) -> set[float]:
    """All numbers in what a report holds as data."""
    match data:
        case dict():
            return {number for value in data.values() for number in numbers(value)}
        case int() | float():
            return {float(data)}
        case _:
            return set()


def drawn(svg: str) -> set[int]:
    """The values of the chart's bars."""
    return {int(bar.partition(": ")[2]) for bar in bars(svg)}


def bars(svg: str) -> list[str]:
    """What the bars of the chart say."""
    texts = [found.text or "" for found in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  our own text
    return [f"{label}: {value}" for value, label in pairwise(texts[1:]) if label.startswith("W")]
