"""The built-in exercises: closed words, names that nobody shares, ids that never change."""

import csv
import json
from collections import Counter
from decimal import Decimal
from importlib import resources
from pathlib import Path
from uuid import UUID

import pytest

from shared.domains.exercises.catalogue import CATALOGUE, CATALOGUE_VERSION, CatalogueExercise, catalogue_id, find
from shared.domains.exercises.names import name_key
from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle

SAMPLES = Path(__file__).parents[3].parent / "shared" / "data"

GOLDEN_IDS = {
    "bench-press-barbell": "bab4b1dc-df9f-5e1a-9a56-2a98a396bc05",
    "squat-barbell": "e1346dd8-f558-5388-8dcc-0b4f88522531",
    "deadlift-barbell": "9f038405-868e-5fc7-9fef-30912247fdce",
    "overhead-press-barbell": "2772a8a0-194b-50ec-bad1-a5a575823718",
    "pull-up": "5bf7a9f0-eccc-593c-95e9-a6fdd75018c0",
    "push-up": "58dbb472-010c-5642-8c4b-28f2c636d3ac",
    "lat-pulldown-cable": "c59df793-0caf-5430-9419-708146d1bc16",
    "leg-press-machine": "b0b57304-ae57-56b3-b7d9-cdfdb26bf955",
    "bicep-curl-dumbbell": "4a507d09-0de0-5028-b18d-ae4674e99c42",
    "plank": "48072a57-5df5-53c8-813c-526f88e99337",
    "running-treadmill": "1434c7a2-1c8c-527f-a59d-8d3dfb1727c0",
    "warm-up": "ddc4c747-4738-5940-b6d2-1db0c2ec741d",
}


def test_it_holds_at_least_three_hundred_exercises() -> None:
    assert len(CATALOGUE) >= 300
    assert CATALOGUE_VERSION >= 1


def test_ids_slugs_and_names_are_unique() -> None:
    exercises = CATALOGUE.values()

    assert len({exercise.exercise_id for exercise in exercises}) == len(CATALOGUE)
    assert len({exercise.slug for exercise in exercises}) == len(CATALOGUE)
    assert len({name_key(exercise.name) for exercise in exercises}) == len(CATALOGUE)


def test_no_name_or_alias_is_claimed_by_two_exercises() -> None:
    claims = Counter(
        key
        for exercise in CATALOGUE.values()
        for key in {name_key(name) for name in (exercise.name, *exercise.aliases)}
    )

    assert [key for key, count in claims.items() if count > 1] == []


@pytest.mark.parametrize("exercise", CATALOGUE.values(), ids=lambda exercise: exercise.slug)
def test_every_entry_is_sound(exercise: CatalogueExercise) -> None:
    assert exercise.muscle_category in Muscle
    assert set(exercise.secondary) <= set(Muscle)
    assert exercise.muscle_category not in exercise.secondary
    assert len(set(exercise.secondary)) == len(exercise.secondary)
    assert exercise.equipment in Equipment
    assert exercise.measure in Measure
    assert Decimal(0) <= exercise.bodyweight_share <= Decimal(1)
    assert exercise.exercise_id == catalogue_id(exercise.slug)
    assert 0 < len(exercise.name) <= 200


def test_what_moves_the_body_says_how_much_of_it() -> None:
    of_the_body = {Measure.BODYWEIGHT_REPS, Measure.ASSISTED_REPS}

    assert [e.slug for e in CATALOGUE.values() if e.measure in of_the_body and not e.bodyweight_share] == []
    assert [e.slug for e in CATALOGUE.values() if e.measure is Measure.WEIGHT_REPS and e.bodyweight_share] == []


def test_the_file_is_sorted_with_one_exercise_a_line() -> None:
    text = resources.files("shared.domains.exercises").joinpath("catalogue.json").read_text(encoding="utf-8")
    lines = text.splitlines()[1:-1]
    slugs = [json.loads(line.rstrip(","))["slug"] for line in lines]

    assert slugs == sorted(slugs)
    assert len(slugs) == len(CATALOGUE)


@pytest.mark.parametrize(("slug", "exercise_id"), GOLDEN_IDS.items())
def test_ids_are_for_ever(slug: str, exercise_id: str) -> None:
    assert catalogue_id(slug) == UUID(exercise_id)
    assert CATALOGUE[UUID(exercise_id)].slug == slug


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Bench Press (Barbell)", "Bench Press (Barbell)"),
        ("barbell bench-press", "Bench Press (Barbell)"),
        ("  BENCH  PRESS ", "Bench Press (Barbell)"),
        ("DB Bench Press", "Bench Press (Dumbbell)"),
        ("Flat Barbell Bench Press", "Bench Press (Barbell)"),
        ("Press-Ups", "Push Up"),
        ("pullups", "Pull Up"),
        ("Dumbbell Flyes", "Chest Fly (Dumbbell)"),
        ("V-Bar Push Down", "Triceps Pushdown (Cable)"),
        ("Farmer’s Walk", "Farmer's Walk"),
        ("One Arm Dumbbell Row", "Single Arm Row (Dumbbell)"),
        ("Squat (Smith Machine)", "Squat (Smith Machine)"),
    ],
)
def test_an_exercise_is_found_however_it_is_spelled(written: str, name: str) -> None:
    found = find(written)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("written", ["", "   ", "()", "Moon Walk (Barbell)", "жим"])
def test_what_the_catalogue_does_not_have_is_not_found(written: str) -> None:
    assert find(written) is None


def test_every_exercise_finds_itself_by_name_and_alias() -> None:
    for exercise in CATALOGUE.values():
        for name in (exercise.name, *exercise.aliases):
            assert find(name) is exercise


@pytest.mark.parametrize(("file", "column"), [("strong.csv", "Exercise Name"), ("hevy.csv", "exercise_title")])
def test_every_exercise_of_the_real_files_is_found(file: str, column: str) -> None:
    path = SAMPLES / file
    if not path.exists():
        pytest.skip(f"the sample {file} is not here")
    with path.open(encoding="utf-8-sig", newline="") as rows:
        names = {row[column] for row in csv.DictReader(rows)}

    assert sorted(name for name in names if find(name) is None) == []
