"""An answer says that there is nothing only of what is not logged."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.coach.facts.claims import holds
from services.coach.facts.log import TrainingLog
from services.coach.rules.answers import Answer
from services.coach.rules.free import reply
from shared.domains.exercises.catalogue import find
from tests.stories import Story

NOW = datetime(2025, 9, 17, 12, tzinfo=UTC)
OWN = UUID(int=77)


def exercise(name: str) -> UUID:
    found = find(name)
    assert found, name
    return found.exercise_id


class Logged(Story):
    """What a user did, so many days ago."""

    def did(self, days: int, name: str, times: int = 1, **payload: Any) -> "Logged":
        number, at = len(self.events) + 1, NOW - timedelta(days=days)
        workout_id = UUID(int=number)
        self.workout(workout_id=workout_id, started_at=at)
        for done in range(times):
            fields = {"workout_id": workout_id, "completed_at": at + timedelta(minutes=done), **payload}
            self.set(1000 * number + done, exercise=OWN if name == "own" else exercise(name), **fields)
        return self

    def aims(self, kind: str, target: float | None = None, **payload: Any) -> "Logged":
        self.tell("GoalSet", goal_id=UUID(int=5000 + len(self.events)), kind=kind, target=target, **payload)
        return self

    def ask(self, question: str) -> str:
        log = TrainingLog.of(self.state)
        answer: Answer = reply(question, log, NOW)
        assert all(holds(made, log) for made in answer.claims)
        return answer.text


EASY = {"reps": 5, "weight": 60, "rpe": 5}
REPS, HOLD, RUN = {"reps": 20}, {"duration_s": 60}, {"distance_m": 5000, "duration_s": 1500}


def test_easy_sets_are_told_apart_from_none() -> None:
    logged = Logged().did(40, "bench press", reps=5, weight=100, rpe=9).did(1, "bench press", times=2, **EASY)
    assert logged.ask("Which muscles did I train this week?").startswith("No set of 2025-W38 was hard")
    assert "No hard set for chest in the last four weeks." in logged.ask("Which muscles am I neglecting?")


def test_what_was_only_easy_is_no_missing_workout() -> None:
    assert "no hard set of a muscle is logged" in Logged().did(1, "squat", **EASY).ask("Which muscles am I neglecting?")


@pytest.mark.parametrize("question", ["How much did I lift?", "Which exercises do I do most?"])
def test_warm_ups_are_no_missing_workout(question: str) -> None:
    logged = Logged().did(1, "squat", reps=5, weight=40, set_type="warmup")
    assert logged.ask(question) == "There is nothing to go by yet: no working set is logged."
    assert logged.ask("Which muscles did I train this week?") == "2025-W38 has no working set."


def test_a_week_that_holds_only_a_weighing_has_no_workout() -> None:
    logged = Logged().did(40, "squat", reps=5, weight=100)
    logged.tell("BodyMeasurementRecorded", measurement_id=OWN, measured_at=NOW - timedelta(days=1), weight=80)
    assert logged.ask("How is this week going?").startswith("No workout is logged for 2025-W38.")


def test_records_are_looked_for_in_all_exercises() -> None:
    logged = Logged().did(5, "squat", reps=5, weight=140)
    for name in ("plank", "dead hang", "side plank", "handstand hold", "planche"):
        logged.did(6, name, times=3, **HOLD)
    answer = logged.ask("What are my records?")
    assert answer.startswith("Squat (Barbell): an estimated 1RM of 163.3 kg, on 2025-09-12.")
    assert answer.count(", on 2025-09-") == 5


def test_records_are_told_of_what_has_no_estimate() -> None:
    logged = Logged().did(9, "plank", times=4, **HOLD).did(9, "running", times=3, **RUN)
    logged.did(9, "push up", times=2, **REPS).did(9, "squat", reps=20, weight=60)
    assert logged.ask("What are my records?") == (
        "Plank: a set of 60 s, on 2025-09-08. Running: a distance of 5000 m, on 2025-09-08. "
        "Push Up: a set of 20 reps, on 2025-09-08. Squat (Barbell): a load of 60 kg, on 2025-09-08."
    )


@pytest.mark.parametrize("done", [{"reps": 0, "weight": 200}, {"reps": 5, "weight": 200, "set_type": "partial"}])
def test_a_failed_or_partial_set_is_one_without_a_record(done: dict[str, Any]) -> None:
    logged = Logged().did(1, "bench press", **done)
    none = "There is nothing to go by yet: no record of load, 1RM, repetitions, time or distance so far."
    assert logged.ask("What are my records?") == none
    assert (
        logged.ask("bench press record")
        == "Bench Press (Barbell) has no record of load, 1RM, repetitions, time or distance."
    )


def test_a_goal_follows_its_exercise_into_another() -> None:
    logged = Logged().did(9, "own", reps=5, weight=100).aims("e1rm", 150, unit="kg", exercise_id=OWN)
    logged.tell("ExercisesMerged", from_id=OWN, into_id=exercise("bench press"))
    assert logged.ask("Am I reaching my goals?") == "Goal e1rm in Bench Press (Barbell): 150 kg; now 116.7 kg."


@pytest.mark.parametrize("unit", ["lb", "LBS", "pounds"])
def test_a_goal_in_pounds_is_told_in_kilograms_too(unit: str) -> None:
    logged = Logged().did(9, "bench press", reps=5, weight=105)
    logged.aims("load", 225, unit=unit, exercise_id=exercise("bench press"))
    answer = logged.ask("Am I reaching my goals?")
    assert answer == f"Goal load in Bench Press (Barbell): 225 {unit} (102.1 kg); now 105 kg."


def test_a_load_is_reached_by_many_repetitions_but_not_by_a_failed_one() -> None:
    logged = Logged().did(9, "squat", reps=15, weight=100).did(8, "squat", reps=0, weight=200)
    logged.aims("load", 150, unit="kg", exercise_id=exercise("squat"))
    assert logged.ask("Am I reaching my goals?").endswith("; now 100 kg.")


def test_a_week_that_has_not_begun_has_none_so_far() -> None:
    logged = Logged().did(9, "squat", reps=5, weight=100).aims("workouts_per_week", 4, unit="workouts")
    logged.aims("sets_per_week", 40, unit="sets")
    assert logged.ask("Am I reaching my goals?") == (
        "Goal workouts per week: 4 workouts; none so far in 2025-W38. "
        "Goal sets per week: 40 sets; none so far in 2025-W38."
    )


def test_what_next_tells_of_the_day_of_that_workout() -> None:
    logged = Logged().did(6, "squat", reps=5, weight=100, rpe=9).did(2, "squat", reps=5, weight=110)
    logged.tell("WorkoutUpdated", workout_id=UUID(int=1), name="A")
    assert logged.ask("What next?").startswith(
        "Next is “A”, last done on 2025-09-11. Squat (Barbell): that day 100 kg for 5 reps."
    )


def test_the_name_of_a_workout_is_cleaned_as_all_text_of_users_is() -> None:
    logged = Logged().did(6, "squat", reps=5, weight=100)
    logged.tell("WorkoutUpdated", workout_id=UUID(int=1), name="Push\u202e day\n" + "x" * 100)
    title = logged.ask("What next?").split("“")[1].split("”")[0]
    assert title == ("Push day\n" + "x" * 100)[:80]


def test_what_a_goal_of_another_kind_counts_is_not_known() -> None:
    answer = Logged().aims("other", 10, unit="km").ask("Am I reaching my goals?")
    assert answer == "Goal other: 10 km; the log does not tell where it stands."
