"""Records and progress: the best of the whole history, whenever it arrived."""

from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.views.progress import progress
from shared.views.records import record_rows
from shared.views.sets import SetRow
from tests.histories import history
from tests.stories import BENCH, SQUAT, WORKOUT, Story, moment

OTHER = UUID(int=0x200)


def records(story: Story) -> dict[tuple[str, float | None], tuple[float, str]]:
    """Value and set of each record, by kind and load."""
    rows = story.contents("records")
    return {(row["kind"], row["load_kg"]): (row["value"], row["set_id"]) for row in rows}


def set_id(number: int) -> str:
    return str(UUID(int=number))


def test_every_kind_of_record() -> None:
    story = Story().workout().workout(hours=48, workout_id=OTHER)
    story.set(1, reps=5, weight=100).set(2, reps=3, weight=110).set(3, reps=8, weight=80)
    story.set(4, workout_id=OTHER, hours=48, reps=6, weight=100, duration_s=40, distance_m=12.5)

    assert records(story) == {
        ("load", None): (110, set_id(2)),
        ("reps_at_load", 100): (6, set_id(4)),
        ("reps_at_load", 110): (3, set_id(2)),
        ("reps_at_load", 80): (8, set_id(3)),
        ("e1rm", None): (121, set_id(2)),
        ("set_volume", None): (640, set_id(3)),
        ("session_volume", None): (1470, set_id(3)),
        ("duration", None): (40, set_id(4)),
        ("distance", None): (12.5, set_id(4)),
    }
    assert {row["unit"] for row in story.contents("records")} == {"kg", "reps", "s", "m"}


def test_the_earliest_of_equals_holds_the_record() -> None:
    story = Story().workout().set(3, reps=5, weight=100).set(2, reps=5, weight=100).set(4, reps=5, weight=100)

    assert records(story)["load", None] == (100, set_id(2))
    assert records(story)["e1rm", None] == (116.666667, set_id(2))
    assert records(story)["reps_at_load", 100] == (5, set_id(2))


def test_of_equals_at_one_moment_the_smaller_id_holds_the_record() -> None:
    for order in ((1, 2), (2, 1)):
        story = Story().workout()
        for number in order:
            story.set(number, reps=5, weight=100, completed_at=moment(1))
        assert records(story)["load", None] == (100, set_id(1))


def test_warm_ups_failures_and_discarded_workouts_set_no_record() -> None:
    story = Story().workout().set(1, reps=20, weight=200, set_type="warmup").set(2, reps=0, weight=200)
    assert records(story) == {}

    story.set(3, reps=1, weight=60).tell("WorkoutDiscarded", workout_id=WORKOUT)
    assert records(story) == {}


def test_partials_and_drops_prove_no_maximum() -> None:
    story = Story().workout().set(1, reps=5, weight=200, set_type="partial").set(2, reps=5, weight=150, set_type="drop")
    found = records(story)

    assert ("e1rm", None) not in found
    assert found["load", None] == (150, set_id(2))
    assert found["set_volume", None] == (1000, set_id(1))


def test_a_late_corrected_or_removed_set_makes_the_records_anew() -> None:
    story = Story().workout().set(2, reps=5, weight=100)
    story.set(1, reps=5, weight=100)
    assert records(story)["load", None] == (100, set_id(1))
    story.tell("SetCorrected", set_id=UUID(int=1), weight=90)
    assert records(story)["load", None] == (100, set_id(2))
    story.tell("SetRemoved", set_id=UUID(int=2))
    assert records(story)["load", None] == (90, set_id(1))


def test_merged_exercises_have_their_records_together() -> None:
    story = Story().workout().set(1, exercise=BENCH, reps=5, weight=100).set(2, exercise=SQUAT, reps=5, weight=140)
    story.tell("ExercisesMerged", from_id=BENCH, into_id=SQUAT)

    assert {row["exercise_id"] for row in story.contents("records")} == {str(SQUAT)}
    assert records(story)["session_volume", None] == (1200, set_id(2))


def test_repetitions_without_load_count_at_zero() -> None:
    assert records(Story().workout().set(1, reps=30)) == {("reps_at_load", 0): (30, set_id(1))}


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_records_do_not_depend_on_the_order_of_rows(seed: int, random: Any) -> None:
    story = Story()
    story.events = [event.recorded() for event in history(seed, 120).received]
    sets = [row for row in story.views["sets"] if isinstance(row, SetRow)]
    shuffled = sets.copy()
    random.shuffle(shuffled)

    def keyed(rows: list[SetRow]) -> dict[tuple[Any, ...], Any]:
        return {row.key: row for row in record_rows(BENCH, rows)}

    assert keyed(shuffled) == keyed(sets)
    assert progress(BENCH, shuffled) == progress(BENCH, sets)


def test_progress_tells_the_best_of_each_workout() -> None:
    story = Story().workout().workout(hours=48, workout_id=OTHER)
    story.set(1, reps=10, weight=40, set_type="warmup").set(2, reps=5, weight=100).set(3, reps=15, weight=90)
    story.set(4, workout_id=OTHER, hours=48, reps=3, weight=110, rir=2)
    sets = [row for row in story.views["sets"] if isinstance(row, SetRow)]

    first, second = (row.content() for row in progress(BENCH, sets))

    assert first == {
        "exercise_id": str(BENCH),
        "workout_id": str(WORKOUT),
        "completed_at": "2026-11-21T12:08:00.000Z",
        "sets": 2,
        "reps": 20,
        "volume_kg": 1850,
        "e1rm_kg": 116.666667,
        "e1rm_set_id": set_id(2),
        "low_confidence": False,
        "best_set_id": set_id(2),
        "best_load_kg": 100,
        "best_reps": 5,
    }
    assert (second["e1rm_kg"], second["best_set_id"]) == (128.333333, set_id(4))
