"""Free text without a model: an exercise or a muscle that is named is what the answer is about."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.coach.facts.claims import holds
from services.coach.facts.log import TrainingLog
from services.coach.rules.answers import Answer
from services.coach.rules.free import NOT_UNDERSTOOD, reply
from services.coach.rules.questions import QUICK_QUESTIONS
from services.coach.rules.subjects import subject
from shared.domains.exercises.catalogue import catalogue_id
from shared.domains.exercises.vocabulary import Muscle
from tests.unit.coach.hevy import NOW, exercise_id, training_log
from tests.unit.coach.test_questions import by_week, estimates, kg, sessions, text, working
from tests.unit.coach.test_reports import log_of
from tests.unit.coach.test_what_is_logged import Logged

SPAN = timedelta(days=28)
SQUAT = "Squat (Barbell)"
OWN = UUID(int=77)


def ask(said: str) -> Answer:
    answer = reply(said, training_log(), NOW)
    assert all(holds(made, training_log()) for made in answer.claims)
    return answer


@pytest.mark.parametrize(
    "said", ["How is my squat going?", "am I getting stronger at SQUATS", "barbell squat: progress?"]
)
def test_the_progress_of_an_exercise(said: str) -> None:
    rows = [row for session in sessions() for row in working(session) if row.exercise_name == SQUAT]
    lately = [row for row in rows if NOW - SPAN <= row.completed_at < NOW]
    new, old = estimates(NOW - SPAN, NOW), estimates(NOW - 2 * SPAN, NOW - SPAN)
    answer = ask(said).text
    assert f"You last did {SQUAT} on {rows[-1].completed_at.date()}." in answer
    assert f"you did {len(lately)} working sets of it" in answer
    assert f"is {text(new[exercise_id(SQUAT)])} kg, " in answer
    assert f" {text(old[exercise_id(SQUAT)])} kg in the four before." in answer


@pytest.mark.parametrize("said", ["What is my squat record?", "squat PR", "my best squat"])
def test_the_records_of_an_exercise(said: str) -> None:
    done = [row for session in sessions() for row in working(session) if row.exercise_name == SQUAT and row.reps]
    greatest = estimates(NOW - 1000 * SPAN, NOW)[exercise_id(SQUAT)]
    answer = ask(said).text
    assert answer.startswith(f"Your records in {SQUAT}: a load of {text(max(kg(row) for row in done))} kg on ")
    assert f"an estimated 1RM of {text(greatest)} kg on " in answer


def test_the_hard_sets_of_a_muscle() -> None:
    log = training_log()

    def parts(week: str) -> Decimal:
        rows = [row for session in by_week()[week] for row in working(session)]
        hard = [row for row in rows if row.rpe is None or row.rpe >= 6]
        return sum(
            (log.muscles(exercise_id(row.exercise_name)).get("hamstrings", Decimal(0)) for row in hard), Decimal(0)
        )

    before = sum(map(parts, ("2025-W34", "2025-W35", "2025-W36", "2025-W37")))
    answer = ask("How many sets for hamstrings this week?").text
    assert f"So far 2025-W38 has {text(parts('2025-W38'))} hard sets for hamstrings" in answer
    assert f"the four weeks before had {text(before / 4)} a week on average" in answer


def test_what_was_never_done_is_told_so() -> None:
    assert ask("How is my zercher squat going?") == Answer("No working set of Zercher Squat (Barbell) is logged.")


def held(name: str, seconds: int) -> TrainingLog:
    at, workout = "2025-09-01T08:00:00Z", str(UUID(int=5))
    done = {"set_id": str(UUID(int=6)), "workout_id": workout, "exercise_id": str(OWN), "completed_at": at}
    return log_of(
        ("ExerciseDefined", {"exercise_id": str(OWN), "name": name, "muscle_category": "abdominals"}),
        ("WorkoutStarted", {"workout_id": workout, "started_at": at}),
        ("SetCompleted", {**done, "duration_s": seconds}),
    )


def test_the_users_own_exercise_goes_before_the_catalogues() -> None:
    answer = reply("how is my dragon flag hold?", held("Dragon Flag-Hold", 40), NOW)
    assert "You last did Dragon Flag-Hold on 2025-09-01." in answer.text
    assert "Your records in Dragon Flag-Hold: a set of 40 s on 2025-09-01." in answer.text
    assert subject("my plank", held("Plank", 40)) == OWN


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("How is my bench press going?", "You last did Bench Press (Dumbbell) on "),
        ("my bench press record", "Your records in Bench Press (Dumbbell): "),
        ("How is my barbell bench press?", "No working set of Bench Press (Barbell) "),
        ("Bench Press (Barbell)", "No working set of Bench Press (Barbell) "),
        ("my cycling", "You last did Cycling (Indoor) on "),
        ("my squat", "No working set of Squat (Barbell) "),
    ],
)
def test_what_was_never_done_gives_way_to_what_shares_its_name(said: str, told: str) -> None:
    logged = Logged().did(9, "bench press dumbbell", reps=5, weight=40).did(9, "indoor cycling", duration_s=1800)
    logged.did(8, "incline bench press", times=3, reps=5, weight=60)
    assert logged.ask(said).startswith(told)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("is my back squat fine", catalogue_id("squat-barbell")),
        ("chest press or chest fly? I like the bench press with a barbell", catalogue_id("bench-press-barbell")),
        ("my quads", (Muscle.QUADRICEPS,)),
        ("lower back", (Muscle.LOWER_BACK,)),
        ("arms", (Muscle.BICEPS, Muscle.TRICEPS, Muscle.FOREARMS)),
        ("How is my back?", (Muscle.BACK,)),
        ("How many sets for back this week?", (Muscle.BACK,)),
        ("back sets", (Muscle.BACK,)),
        ("How far did I run?", catalogue_id("running")),
        ("longest run so far", catalogue_id("running")),
        ("this and that", None),
    ],
)
def test_the_longest_name_is_meant(said: str, meant: object) -> None:
    assert subject(said, training_log()) == meant


@pytest.mark.parametrize(
    "said",
    [
        "How is my frobnication going?",
        "What is the weather?",
        "",
        "how many marathons?",
        "How far back does my log go?",
    ],
)
def test_what_is_not_understood_is_told_so(said: str) -> None:
    assert ask(said) == Answer(NOT_UNDERSTOOD)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("How many sets this week?", "How is this week going?"),
        ("how many sets last week", "How hard was last week?"),
        ("how many weeks in a row", "What is my streak?"),
        ("I am back! How is this week going?", "How is this week going?"),
        ("Am I back on track this week?", "How is this week going?"),
        ("How long did my workouts run?", "How long are my workouts?"),
        *((quick.question, quick.question) for quick in QUICK_QUESTIONS),
    ],
)
def test_other_questions_are_answered_as_asked(said: str, meant: str) -> None:
    rules = next(quick.rules for quick in QUICK_QUESTIONS if quick.question == meant)
    assert ask(said) == rules(training_log(), NOW)
