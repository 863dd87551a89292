"""Every quick question, at several moments of the history, equals SQL over the raw rows, word by word."""

from datetime import datetime, timedelta

import pytest

from services.coach.facts.claims import holds
from services.coach.rules.questions import QUICK_QUESTIONS, find
from tests.unit.coach.expected import EXPECTED
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
