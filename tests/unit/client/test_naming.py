"""Names of exercises as people type them."""

from uuid import UUID, uuid4

import pytest

from client.naming import AmbiguousExercise, UnknownExercise, known, resolve
from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle
from shared.views.exercises import ExerciseRow, Exercises

OWN = ExerciseRow(
    UUID(int=1), "Bench Press (Barbell)", Muscle.CHEST, [], Equipment.BARBELL, Measure.WEIGHT_REPS, custom=True
)
NOTHING_OWN = Exercises([])


def own(name: str) -> ExerciseRow:
    return ExerciseRow(uuid4(), name, Muscle.OTHER, [], None, None, custom=True)


@pytest.mark.parametrize("name", ["Bench Press", "bench-press (barbell)", "BB Bench Press", "barbell bench press"])
def test_many_spellings_mean_one_exercise(name: str) -> None:
    assert resolve(name, NOTHING_OWN).name == "Bench Press (Barbell)"


def test_ones_own_exercise_comes_before_the_catalogue() -> None:
    assert resolve("bench press barbell", Exercises([OWN])).exercise_id == OWN.exercise_id


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("バックスクワット", "ハックスクワット"), id="voicing marks"),
        pytest.param(("पुल", "पिल"), id="vowel signs"),
        pytest.param(("ยก", "ยุก"), id="vowels above and below"),
        pytest.param(("🏋️", "🚴"), id="signs"),
        pytest.param(("++", "--"), id="punctuation"),
    ],
)
def test_words_of_other_scripts_and_signs_are_names_of_their_own(names: tuple[str, str]) -> None:
    first, second = (own(name) for name in names)

    assert resolve(names[0], Exercises([second, first])) == first
    assert resolve(names[1], Exercises([first, second])) == second
    assert known(names[1], Exercises([first])) is None


def test_just_this_spelling_comes_before_others() -> None:
    one, several = own("Sled Push"), own("Sled-Pushes")

    assert resolve("sled push", Exercises([several, one])) == one
    assert resolve("sled-pushes", Exercises([one, several])) == several


@pytest.mark.parametrize("name", ["Développé couché", "DEVELOPPE COUCHE", "De\u0301veloppe\u0301 couche\u0301"])
def test_accents_are_left_out_by_those_who_type_in_haste(name: str) -> None:
    press = own("développé couché")

    assert resolve(name, Exercises([press])) == press


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
