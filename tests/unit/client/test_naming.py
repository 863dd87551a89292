"""Names of exercises as people type them."""

from uuid import UUID

import pytest

from client.naming import AmbiguousExercise, UnknownExercise, resolve
from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle
from shared.views.exercises import ExerciseRow, Exercises

OWN = ExerciseRow(
    UUID(int=1), "Bench Press (Barbell)", Muscle.CHEST, [], Equipment.BARBELL, Measure.WEIGHT_REPS, custom=True
)
NOTHING_OWN = Exercises([])


@pytest.mark.parametrize("name", ["Bench Press", "bench-press (barbell)", "BB Bench Press", "barbell bench press"])
def test_many_spellings_mean_one_exercise(name: str) -> None:
    assert resolve(name, NOTHING_OWN).name == "Bench Press (Barbell)"


def test_ones_own_exercise_comes_before_the_catalogue() -> None:
    assert resolve("bench press barbell", Exercises([OWN])).exercise_id == OWN.exercise_id


def test_a_merged_exercise_is_the_one_that_stands_for_it() -> None:
    into = resolve("squat", NOTHING_OWN).exercise_id
    merged = ExerciseRow(
        UUID(int=2), "My Squat", Muscle.QUADRICEPS, [], None, None, custom=True, archived=False, merged_into=into
    )

    assert resolve("my squat", Exercises([merged])).exercise_id == into


def test_a_typing_error_is_met_with_near_names() -> None:
    with pytest.raises(UnknownExercise) as caught:
        resolve("benhc pres barbell", NOTHING_OWN)

    assert "Bench Press (Barbell)" in caught.value.near


def test_a_part_of_several_names_has_to_be_longer() -> None:
    with pytest.raises(AmbiguousExercise, match="say more"):
        resolve("incline bench", NOTHING_OWN)


def test_a_part_of_several_names_means_the_one_that_was_done() -> None:
    done = resolve("Incline Bench Press (Dumbbell)", NOTHING_OWN).exercise_id

    assert resolve("incline bench", NOTHING_OWN, [done]).exercise_id == done
