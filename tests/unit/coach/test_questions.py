"""Quick questions on a real history equal what plain loops over the file's rows give."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from client.importing.export import ImportedSet, Session
from services.coach.facts.claims import holds
from services.coach.rules.answers import Answer
from services.coach.rules.questions import QUICK_QUESTIONS, find, nearest
from tests.unit.coach.hevy import NOW, exercise_id, export, training_log


def ask(question: str, now: datetime = NOW) -> Answer:
    quick = find(question)
    assert quick is not None
    return quick.rules(training_log(), now)


def week(moment: datetime) -> str:
    year, number, _ = moment.isocalendar()
    return f"{year}-W{number:02d}"


def working(session: Session) -> list[ImportedSet]:
    return [row for row in session.sets if row.set_type.value != "warmup"]


def sessions() -> list[Session]:
    return sorted(export().sessions, key=lambda session: session.started_at)


def by_week() -> dict[str, list[Session]]:
    found = defaultdict(list)
    for session in sessions():
        found[week(session.started_at)].append(session)
    return found


def kg(row: ImportedSet) -> Decimal:
    return row.weight or Decimal(0)


def tonnage(rows: list[ImportedSet]) -> Decimal:
    return sum(((row.reps or 0) * kg(row) for row in rows), Decimal(0))


def text(value: Any) -> str:
    return f"{Decimal(value).quantize(Decimal('0.1')):f}".removesuffix(".0")


LAST_WEEK = "2025-W37"


@pytest.mark.parametrize("quick", QUICK_QUESTIONS, ids=lambda quick: quick.question)
@pytest.mark.parametrize("days", [0, 30, 400])
def test_every_number_is_a_claim_that_holds(quick: Any, days: int) -> None:
    log = training_log()
    answer = quick.rules(log, NOW + timedelta(days=days))
    assert all(holds(made, log) for made in answer.claims)
    bare = answer.text
    for name in {log.name(found) for found in log.working_by_exercise} | {w.name or "" for w in log.workouts}:
        bare = bare.replace(name, "") if name else bare
    bare = re.sub(r"\d{4}-(\d{2}-\d{2}|W\d{2})", "", bare).replace("1RM", "")
    assert set(re.findall(r"\d+(?:\.\d+)?", bare)) <= {made.shown for made in answer.claims}


def test_last_weeks_load() -> None:
    rows = [row for session in by_week()[LAST_WEEK] for row in working(session)]
    answer = ask("How hard was last week?").text
    assert f"In {LAST_WEEK} you did {len(by_week()[LAST_WEEK])} workouts with {len(rows)} working sets" in answer
    assert f"moved {text(tonnage(rows))} kg" in answer
    efforts = [row.rpe for row in rows if row.rpe is not None]
    assert f"RPE {text(sum(efforts, Decimal(0)) / len(efforts))}" in answer
    hard = [row for row in rows if row.rpe is None or row.rpe >= 6]
    assert f"{len(hard)} of them hard" in answer


def test_tonnage_of_four_weeks() -> None:
    answer = ask("How much did I lift?").text
    for label in sorted(by_week())[-4:]:
        moved = tonnage([row for session in by_week()[label] for row in working(session)])
        assert f"{text(moved)} kg in {label}" in answer


def test_workouts_of_four_weeks_and_the_streak() -> None:
    answer = ask("How often do I train?").text
    for label in ("2025-W38", "2025-W37", "2025-W36", "2025-W35"):
        assert re.search(rf"\b{len(by_week()[label])} workouts? in {label}", answer)
    trained, monday = 0, NOW - timedelta(days=NOW.weekday())
    while week(monday - timedelta(weeks=trained)) in by_week():
        trained += 1
    assert f"trained {trained} weeks in a row" in ask("What is my streak?").text


def test_the_last_workout() -> None:
    last = sessions()[-1]
    answer = ask("How was my last workout?").text
    assert f"on {last.started_at.date()}" in answer
    assert f"{len(working(last))} working sets and {text(tonnage(working(last)))} kg" in answer
    assert last.ended_at is not None
    assert f"{text(Decimal((last.ended_at - last.started_at).seconds) / 60)} minutes" in answer


def test_sets_of_four_weeks() -> None:
    since = NOW - timedelta(days=28)
    rows = [row for session in sessions() for row in working(session) if since <= row.completed_at <= NOW]
    assert f"you did {len(rows)} working sets" in ask("How many sets did I do this month?").text


def test_the_average_length_of_a_workout() -> None:
    last = [session for session in sessions() if session.ended_at and session.ended_at > session.started_at][-10:]
    minutes = [Decimal((s.ended_at - s.started_at).total_seconds()) / 60 for s in last if s.ended_at]
    assert f"takes you {text(sum(minutes) / len(minutes))} minutes" in ask("How long are my workouts?").text


def test_what_is_done_most() -> None:
    since = NOW - timedelta(days=56)
    counts = Counter(
        exercise_id(row.exercise_name)
        for session in sessions()
        for row in working(session)
        if since <= row.completed_at < NOW
    )
    answer = ask("Which exercises do I do most?").text
    told = [int(number) for number in re.findall(r"with (\d+) sets", answer)]
    assert told == sorted(counts.values(), reverse=True)[:5]


def estimate(row: ImportedSet) -> Decimal | None:
    if row.set_type.value in ("drop", "partial", "warmup") or not row.reps or not row.weight:
        return None
    possible = row.reps + (10 - row.rpe if row.rpe is not None else 0)
    if possible > 12:
        return None
    return row.weight if possible == 1 else row.weight * (30 + possible) / 30


def estimates(start: datetime, end: datetime) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = {}
    for session in sessions():
        for row in session.sets:
            made = estimate(row)
            if made is not None and start <= row.completed_at < end and not row.assisted:
                name = exercise_id(row.exercise_name)
                found[name] = max(found.get(name, Decimal(0)), made)
    return found


def test_progress_compares_two_spans_of_four_weeks() -> None:
    span = timedelta(days=28)
    new, old = estimates(NOW - span, NOW), estimates(NOW - 2 * span, NOW - span)
    log, sentences = training_log(), re.split(r"(?<=before)\. ?", ask("Am I progressing?").text)
    compared = 0
    for found in new.keys() & old.keys():
        sentence = next((s for s in sentences if s.startswith(f"{log.name(found)} is ")), None)
        if sentence:
            trend = "up" if new[found] > old[found] else "down" if new[found] < old[found] else "level"
            assert f"is {trend}: an estimated 1RM of {text(new[found])} kg after {text(old[found])} kg" in sentence
            compared += 1
    assert compared == sum(" is " in sentence for sentence in sentences) > 2


def test_what_comes_next_is_the_workout_that_waits_longest() -> None:
    lately = [s for s in sessions() if NOW - timedelta(days=28) <= s.started_at < NOW]
    last = {session.name: session for session in lately}
    waiting = min(last.values(), key=lambda session: session.started_at)
    assert f"last done on {waiting.started_at.date()}" in ask("What next?").text


def test_the_heaviest_lift() -> None:
    rows = [row for session in sessions() for row in working(session) if row.reps and row.set_type.value != "partial"]
    assert f"with {text(max(kg(row) for row in rows if not row.assisted))} kg" in ask("What is my strongest lift?").text


@pytest.mark.parametrize("said", ["what next", "WHAT NEXT?!", "  What, next… ", "What next"])
def test_questions_match_without_case_and_punctuation(said: str) -> None:
    assert find(said) is QUICK_QUESTIONS[0]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("how intense was my last week?", "How hard was last week?"),
        ("am i getting stronger", "Am I progressing?"),
        ("which muscles are weak and neglected", "Which muscles am I neglecting?"),
        ("deload?", "Do I need a deload?"),
    ],
)
def test_free_text_finds_its_question(said: str, meant: str) -> None:
    found = nearest(said)
    assert found is not None
    assert found.question == meant


def test_an_empty_log_is_told_so() -> None:
    from services.coach.facts.log import TrainingLog

    for quick in QUICK_QUESTIONS:
        assert quick.rules(TrainingLog.of({}), NOW).claims == ()
