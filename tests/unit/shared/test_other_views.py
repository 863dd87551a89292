"""Measurements, exercises, templates, goals, the profile and conflicts as people see them."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domains.exercises.catalogue import CATALOGUE
from shared.domains.exercises.fold import representatives
from shared.views.exercises import ExerciseRow, Exercises
from shared.views.profile import BLANK_PROFILE
from shared.views.rows import json_form
from shared.views.whole import FOLD_VERSION, content_digest_of
from tests.stories import BENCH, NOON, PHONE, PULL_UP, SQUAT, TABLET, WORKOUT, Story, moment

MINE, YOURS = UUID(int=0x300), UUID(int=0x400)
TAPE = UUID(int=0x500)


def measured(story: Story, **payload: Any) -> Story:
    return story.tell("BodyMeasurementRecorded", measurement_id=TAPE, measured_at=moment(), **payload)


def test_a_mans_measurement() -> None:
    story = measured(Story().tell("ProfileUpdated", sex="male", height=180), weight=80.5, waist=85, neck=38)

    row = story.only("measurements")

    assert row["body_fat_percent"] == pytest.approx(16.1066, abs=1e-4)
    assert (row["body_fat_method"], row["body_fat_margin"]) == ("navy", 3.5)
    assert row["fat_mass_kg"] + row["lean_mass_kg"] == pytest.approx(80.5)
    assert (row["height_cm"], row["week"]) == (None, "2026-W47")
    assert row["entered"] == {"weight": 80.5, "waist": 85, "neck": 38, "units": "metric"}


def test_a_womans_measurement_in_inches_and_pounds() -> None:
    story = measured(Story().tell("ProfileUpdated", sex="female"), units="imperial", weight=140, height=65)
    story.tell("BodyMeasurementCorrected", measurement_id=TAPE, waist=27.5, neck=12.5, hip=37.5)

    row = story.only("measurements")

    assert (row["weight_kg"], row["height_cm"], row["waist_cm"]) == (63.502932, 165.1, 69.85)
    assert row["body_fat_percent"] == pytest.approx(24.7, abs=1)
    assert row["entered"]["units"] == "imperial"


def test_a_mans_waist_is_taken_at_the_navel_where_it_was_measured_apart() -> None:
    at_navel = measured(Story().tell("ProfileUpdated", sex="male", height=180), waist=80, abdomen=85, neck=38)

    assert at_navel.only("measurements")["body_fat_percent"] == pytest.approx(16.1066, abs=1e-4)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({}, {"waist": 85, "neck": 38, "height": 180}),
        ({"sex": "male"}, {"waist": 85, "neck": 38}),
        ({"sex": "male", "height": 180}, {"waist": 38, "neck": 38}),
        ({"sex": "female", "height": 165}, {"waist": 70, "neck": 32}),
    ],
)
def test_without_what_it_takes_there_is_no_body_fat(profile: dict[str, Any], said: dict[str, Any]) -> None:
    story = Story().tell("ProfileUpdated", **profile) if profile else Story()

    row = measured(story, weight=80, **said).only("measurements")

    assert (row["body_fat_percent"], row["fat_mass_kg"], row["lean_mass_kg"]) == (None, None, None)


def test_what_was_measured_goes_before_the_estimate() -> None:
    story = Story().tell("ProfileUpdated", sex="male", height=180)

    row = measured(story, weight=80, waist=85, neck=38, fat_percent=15).only("measurements")

    assert (row["body_fat_percent"], row["body_fat_method"], row["fat_mass_kg"]) == (15, "measured", 12)


def test_an_exercise_of_ones_own_is_archived_and_restored() -> None:
    story = Story().tell("ExerciseDefined", exercise_id=MINE, name="Zercher", muscle_category="quadriceps")
    assert story.only("exercises") == {
        "exercise_id": str(MINE),
        "name": "Zercher",
        "muscle_category": "quadriceps",
        "secondary": [],
        "equipment": None,
        "measure": None,
        "custom": True,
        "archived": False,
        "merged_into": None,
    }
    story.tell("ExerciseArchived", exercise_id=MINE)
    assert story.only("exercises")["archived"]
    story.tell("ExerciseRestored", exercise_id=MINE)
    assert not story.only("exercises")["archived"]


def test_a_built_in_exercise_can_be_changed_and_keeps_the_rest() -> None:
    row = Story().tell("ExerciseUpdated", exercise_id=BENCH, name="Flat Bench").only("exercises")

    assert (row["name"], row["muscle_category"], row["custom"]) == ("Flat Bench", "chest", False)


def known_to(story: Story) -> Exercises:
    return Exercises(row for row in story.views["exercises"] if isinstance(row, ExerciseRow))


def test_all_exercises_are_those_of_the_catalogue_and_ones_own() -> None:
    story = Story().tell("ExerciseDefined", exercise_id=MINE, name="Zercher", muscle_category="quadriceps")
    story.tell("ExerciseUpdated", exercise_id=BENCH, name="Flat Bench").tell(
        "ExercisesMerged", from_id=YOURS, into_id=MINE
    )
    known = known_to(story)

    assert len(known) == len(list(known)) == len(CATALOGUE) + 2
    assert (known[BENCH].name, known[SQUAT].name) == ("Flat Bench", "Squat (Barbell)")
    assert known[YOURS].name is None
    assert not known[YOURS].listed
    assert UUID(int=1) not in known


def test_merges_are_followed_and_cycles_have_one_representative() -> None:
    story = Story().tell("ExercisesMerged", from_id=MINE, into_id=YOURS)
    story.tell("ExercisesMerged", from_id=YOURS, into_id=PULL_UP)
    known = known_to(story)
    assert known.standing_for(MINE) == known.standing_for(YOURS) == known.standing_for(PULL_UP) == PULL_UP
    assert known.bodyweight_share(MINE) == CATALOGUE[PULL_UP].bodyweight_share > 0

    story.tell("ExercisesMerged", from_id=PULL_UP, into_id=MINE)
    known = known_to(story)
    assert {known.standing_for(exercise) for exercise in (MINE, YOURS, PULL_UP)} == {MINE}
    assert known.bodyweight_share(PULL_UP) == CATALOGUE[PULL_UP].bodyweight_share


def followed(exercise_id: UUID, merged_into: Mapping[UUID, UUID]) -> UUID:
    """What stands for an exercise, as one would find it by hand."""
    path = []
    while exercise_id in merged_into and exercise_id not in path:
        path.append(exercise_id)
        exercise_id = merged_into[exercise_id]
    return min(path[path.index(exercise_id) :]) if exercise_id in path else exercise_id


@given(st.dictionaries(*[st.integers(0, 7).map(lambda number: UUID(int=number))] * 2))
def test_what_stands_for_all_is_what_stands_for_each(merged_into: Mapping[UUID, UUID]) -> None:
    found = representatives(merged_into)

    assert found == {exercise_id: followed(exercise_id, merged_into) for exercise_id in merged_into}


def test_a_chain_of_thousands_of_merges_is_followed_once() -> None:
    ids = [UUID(int=number) for number in range(20_000)]

    assert set(representatives(dict(pairwise(ids))).values()) == {ids[-1]}


def test_a_template_is_saved_whole() -> None:
    plan = [{"exercise_id": str(SQUAT), "sets": [{"reps": 5, "weight": 100.5, "set_type": "warmup"}]}]
    story = Story().tell("TemplateSaved", template_id=MINE, name="A", exercises=plan)

    assert story.only("templates") == {"template_id": str(MINE), "name": "A", "exercises": plan, "notes": None}
    assert story.tell("TemplateRemoved", template_id=MINE).contents("templates") == []


def test_goals_and_the_profile() -> None:
    story = Story().tell("GoalSet", goal_id=MINE, kind="load", target=200, unit="kg", exercise_id=SQUAT)
    assert story.only("goals")["target"] == 200
    assert story.contents("profile") == []
    assert story.tell("GoalRemoved", goal_id=MINE).contents("goals") == []

    story.tell("ProfileUpdated", sex="male", birth_date="1990-02-28", week_start=7)
    assert story.only("profile") == {
        **BLANK_PROFILE.content(),
        "sex": "male",
        "birth_date": "1990-02-28",
        "week_start": 7,
    }
    story.tell("ProfileUpdated", sex=None)
    assert story.only("profile")["sex"] is None


def test_two_phones_that_had_not_seen_each_other_disagree_until_one_settles_it() -> None:
    story = Story().workout(name="A").tell("WorkoutUpdated", device=TABLET, workout_id=WORKOUT, name="B")

    row = story.only("conflicts")
    assert (row["entity"], row["entity_id"], row["field"], row["value"]) == ("workout", str(WORKOUT), "name", "B")
    assert row["device_id"] == str(TABLET)
    assert row["others"] == [
        {"value": "A", "occurred_at": "2026-11-21T12:00:00.000Z", "device_id": str(PHONE), "sequence_number": 1}
    ]
    story.tell("WorkoutUpdated", workout_id=WORKOUT, name="C", seen={TABLET: 1})
    assert story.contents("conflicts") == []
    assert story.only("workouts")["name"] == "C"


def test_sets_that_one_phone_logs_while_another_discards_their_workout_do_not_go_in_silence() -> None:
    # given a workout with a set, which another phone discards while this one goes on
    story = (
        Story().workout().set(1, reps=5).tell("WorkoutDiscarded", device=TABLET, workout_id=WORKOUT, seen={PHONE: 2})
    )
    assert story.contents("conflicts") == []
    story.set(2, reps=5).set(3, reps=5)
    # then it is discarded, which is in conflict with the last set
    row = story.only("conflicts")
    assert (row["entity"], row["entity_id"], row["field"], row["value"]) == ("workout", str(WORKOUT), "removed", True)
    assert [(other["value"], other["device_id"], other["sequence_number"]) for other in row["others"]] == [
        (False, str(PHONE), 4)
    ]
    assert story.only("workouts")["status"] == "discarded"
    # until somebody who knows of both says what counts
    story.tell("WorkoutRestored", workout_id=WORKOUT, seen={TABLET: 1})
    assert story.contents("conflicts") == []
    assert story.only("workouts")["set_count"] == 3


def test_a_set_that_one_phone_brings_back_while_another_discards_its_workout_does_not_go_in_silence() -> None:
    story = Story().workout().set(1, reps=5).tell("SetRemoved", set_id=UUID(int=1))
    story.tell("WorkoutDiscarded", device=TABLET, workout_id=WORKOUT, seen={PHONE: 3})

    story.tell("SetRestored", set_id=UUID(int=1))

    assert story.only("conflicts")["field"] == "removed"


def test_who_discards_a_workout_and_knows_its_sets_is_in_no_conflict() -> None:
    story = Story().workout().set(1, reps=5).tell("WorkoutDiscarded", device=TABLET, workout_id=WORKOUT)
    assert len(story.contents("conflicts")) == 1

    story.tell("WorkoutDiscarded", device=TABLET, workout_id=WORKOUT, seen={PHONE: 2})

    assert story.contents("conflicts") == []


def test_a_set_of_a_discarded_workout_is_in_no_conflict_once_it_is_removed_or_logged_knowingly() -> None:
    story = Story().workout().tell("WorkoutDiscarded", device=TABLET, workout_id=WORKOUT, seen={PHONE: 1})

    story.set(1, reps=5).tell("SetRemoved", set_id=UUID(int=1)).set(2, reps=5, seen={TABLET: 1})

    assert story.contents("conflicts") == []


def test_what_one_phone_corrects_while_another_removes_it_is_in_conflict() -> None:
    story = Story().workout().set(1, reps=5).tell("SetRemoved", device=TABLET, set_id=UUID(int=1), seen={PHONE: 2})

    story.tell("SetCorrected", set_id=UUID(int=1), reps=6)

    row = story.only("conflicts")
    assert (row["entity"], row["field"], row["value"]) == ("set", "removed", True)
    assert [(other["value"], other["device_id"]) for other in row["others"]] == [(False, str(PHONE))]


def test_plans_in_conflict_are_shown_as_json() -> None:
    story = Story()
    for device in (PHONE, TABLET):
        plan = [{"exercise_id": str(SQUAT), "sets": 5 if device == PHONE else 3}]
        story.tell("TemplateSaved", device=device, template_id=MINE, name="A", exercises=plan)

    row = story.only("conflicts")

    assert row["field"] == "exercises"
    assert row["value"] == [{"exercise_id": str(SQUAT), "sets": 3}]
    assert row["others"][0]["value"] == [{"exercise_id": str(SQUAT), "sets": 5}]


def test_the_content_digest_tells_contents_apart() -> None:
    story = Story().workout().set(1, reps=5, weight=100)
    before = content_digest_of(story.state)

    assert content_digest_of(story.state) == before
    assert content_digest_of(story.tell("SetCorrected", set_id=UUID(int=1), reps=6).state) != before


def test_values_have_one_json_form() -> None:
    assert json_form([Decimal("1.50"), Decimal("2.0"), NOON, NOON.date(), SQUAT, None, True, {"a": (1,)}]) == [
        1.5,
        2,
        "2026-11-21T12:00:00.000Z",
        "2026-11-21",
        str(SQUAT),
        None,
        True,
        {"a": [1]},
    ]
    with pytest.raises(TypeError):
        json_form(object())


def test_the_fold_version_names_the_catalogue_and_the_time_zone_data() -> None:
    assert "catalogue" in FOLD_VERSION
    assert "tzdata" in FOLD_VERSION


@pytest.mark.parametrize("word", ["Full Body", "FULL_BODY", " full_body"])
def test_words_of_the_vocabulary_are_known_however_they_are_written(word: str) -> None:
    said: dict[str, Any] = {"muscle_category": word, "secondary": [word.upper()], "equipment": "Barbell"}
    row = Story().tell("ExerciseDefined", exercise_id=MINE, name="Burpee", **said).only("exercises")

    assert (row["muscle_category"], row["secondary"], row["equipment"]) == ("full_body", ["full_body"], "barbell")


@pytest.mark.parametrize("word", ["a\x00b", "x" * 65])
def test_a_word_that_nobody_could_store_is_no_newer_word(word: str) -> None:
    newer = Story().tell("ExerciseDefined", exercise_id=MINE, name="Zercher", muscle_category="serratus")
    assert newer.only("exercises")["muscle_category"] == "other"

    with pytest.raises(ValidationError, match="muscle_category"):
        Story().tell("ExerciseDefined", exercise_id=MINE, name="Zercher", muscle_category=word)
