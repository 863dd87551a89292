"""Workouts and their sets as people see them."""

from typing import Any
from uuid import UUID

import pytest

from tests.stories import BENCH, PHONE, PULL_UP, SQUAT, TABLET, WORKOUT, Story, moment

OTHER = UUID(int=0x200)


def test_a_workout_with_the_sums_of_its_sets() -> None:
    story = Story().workout(name="Push", notes="easy", time_zone="Europe/Berlin")
    story.set(1, reps=10, weight=40, set_type="warmup").set(2, reps=5, weight=100, rpe=8)
    story.set(3, reps=5, weight=102.5, rir=5).tell("WorkoutEnded", workout_id=WORKOUT, ended_at=moment(1.25))

    assert story.only("workouts") == {
        "workout_id": str(WORKOUT),
        "name": "Push",
        "status": "completed",
        "started_at": "2026-11-21T12:00:00.000Z",
        "ended_at": "2026-11-21T13:15:00.000Z",
        "duration_s": 4500,
        "set_count": 3,
        "working_sets": 2,
        "hard_sets": {str(BENCH): 1},
        "rpe_sets": 2,
        "rpe_sum": 13,
        "tonnage_kg": 1012.5,
        "notes": "easy",
        "time_zone": "Europe/Berlin",
        "template_id": None,
        "week": "2026-W47",
    }


def test_the_status_follows_from_what_happened() -> None:
    story = Story().workout()
    assert story.only("workouts")["status"] == "in_progress"
    story.tell("WorkoutEnded", workout_id=WORKOUT, ended_at=moment(1))
    assert story.only("workouts")["status"] == "completed"
    story.tell("WorkoutDiscarded", workout_id=WORKOUT)
    assert story.only("workouts")["status"] == "discarded"
    story.tell("WorkoutRestored", workout_id=WORKOUT)
    assert story.only("workouts")["status"] == "completed"
    story.tell("WorkoutUpdated", workout_id=WORKOUT, ended_at=None)
    assert story.only("workouts")["status"] == "in_progress"


def test_a_set_as_it_was_entered_and_as_it_counts() -> None:
    story = Story().workout().set(1, reps=5, weight=225, weight_unit="lb", rpe=8, superset_id=0, notes="ok")

    row = story.only("sets")

    assert row["entered"] == {"weight": 225, "unit": "lb"}
    assert row["weight"] == row["load_kg"] == 102.058283
    assert row["volume_kg"] == 510.291415
    assert row["e1rm_kg"] == 125.871882  # five done and two in reserve
    assert (row["set_type"], row["rpe"], row["rir"], row["superset_id"]) == ("normal", 8, None, 0)
    assert row["completed_at"] == "2026-11-21T12:07:00.000Z"
    assert row["workout_status"] == "in_progress"


def test_a_correction_changes_what_it_names_and_null_clears() -> None:
    story = Story().workout().set(1, reps=5, weight=100, rpe=8, notes="hard")
    story.tell("SetCorrected", set_id=UUID(int=1), reps=6, notes=None)

    row = story.only("sets")

    assert (row["reps"], row["weight"], row["rpe"], row["notes"]) == (6, 100, 8, None)


def test_a_removed_set_is_gone_until_it_is_restored() -> None:
    story = Story().workout().set(1, reps=5, weight=100)
    story.tell("SetRemoved", set_id=UUID(int=1))
    assert story.contents("sets") == []
    assert story.only("workouts")["set_count"] == 0
    story.tell("SetRestored", set_id=UUID(int=1))
    assert story.only("workouts")["set_count"] == 1


def test_a_set_waits_for_its_workout_and_counts_nowhere_until_then() -> None:
    story = Story().set(1, reps=5, weight=100)
    assert story.only("sets")["workout_status"] is None
    assert [*story.views["workouts"], *story.views["weekly"], *story.views["records"]] == []

    story.tell("WorkoutEnded", workout_id=WORKOUT, ended_at=moment(1))
    assert [*story.views["workouts"], *story.views["records"]] == []

    story.workout()
    assert story.only("workouts")["set_count"] == 1
    assert story.only("weekly")["sets"] == 1
    assert story.views["records"]


def test_a_correction_may_come_before_its_set() -> None:
    story = Story().workout().tell("SetCorrected", device=TABLET, set_id=UUID(int=1), reps=8, seen={PHONE: 9})
    assert story.contents("sets") == []
    story.set(1, reps=5, weight=100)
    assert story.only("sets")["reps"] == 8


def test_a_set_can_move_to_another_workout() -> None:
    story = Story().workout().workout(hours=5, workout_id=OTHER).set(1, reps=5, weight=100)
    story.tell("SetCorrected", set_id=UUID(int=1), workout_id=OTHER)

    assert [(row["workout_id"], row["set_count"]) for row in story.contents("workouts")] == [
        (str(WORKOUT), 0),
        (str(OTHER), 1),
    ]


@pytest.mark.parametrize(
    ("said", "load"),
    [
        ({"weight": 20, "load_basis": "per_hand"}, 40),
        ({"weight": 20, "load_basis": "bodyweight"}, 97.75),
        ({"load_basis": "bodyweight"}, 77.75),
        ({"weight": 30, "load_basis": "assisted"}, 47.75),
        ({"weight": 30}, 30),
        ({}, None),
    ],
)
def test_the_load_is_what_the_event_says_of_it(said: dict[str, Any], load: float | None) -> None:
    story = Story().workout()
    story.tell("BodyMeasurementRecorded", measurement_id=UUID(int=9), measured_at=moment(-24), weight=77.75)

    assert story.set(1, exercise=PULL_UP, reps=5, **said).only("sets")["load_kg"] == load


def test_the_body_weighs_what_it_weighed_last_before_the_set() -> None:
    story = Story().workout().set(1, exercise=PULL_UP, reps=1, load_basis="bodyweight")
    for number, (hours, weight) in enumerate([(-50, 70), (-2, 80), (24, 90)]):
        story.tell(
            "BodyMeasurementRecorded", measurement_id=UUID(int=90 + number), measured_at=moment(hours), weight=weight
        )
    assert story.only("sets")["load_kg"] == 80

    story.tell("BodyMeasurementRemoved", measurement_id=UUID(int=91))
    assert story.only("sets")["load_kg"] == 70


def test_sets_are_shown_under_the_exercise_that_stands_for_theirs() -> None:
    story = Story().workout().set(1, exercise=BENCH, reps=5, weight=100)
    story.tell("ExercisesMerged", from_id=BENCH, into_id=SQUAT)
    row = story.only("sets")
    assert (row["exercise_id"], row["logged_exercise_id"]) == (str(SQUAT), str(BENCH))

    story.tell("ExercisesSplit", from_id=BENCH)
    assert story.only("sets")["exercise_id"] == str(BENCH)


def test_low_confidence_is_flagged() -> None:
    story = Story().workout().set(1, reps=12, weight=60, rir=1).set(2, reps=12, weight=60)

    assert [row["low_confidence"] for row in story.contents("sets")] == [True, False]
    assert [row["value"] for row in story.contents("records") if row["kind"] == "e1rm"] == [84]


def test_a_workout_that_ended_before_it_began_has_no_duration() -> None:
    story = Story().workout().tell("WorkoutEnded", workout_id=WORKOUT, ended_at=moment(-1))

    assert story.only("workouts")["duration_s"] is None
    assert story.only("weekly")["duration_s"] == 0
