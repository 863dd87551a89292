"""Ids that follow from the file alone, for ever."""

from uuid import UUID

from client.importing import Source
from client.importing.identifiers import custom_exercise_id, measurement_id, set_id, workout_id
from client.importing.times import _LANGUAGES

KEY = "2024-11-28T17:36:08|B"


def test_ids_are_for_ever() -> None:
    assert workout_id(Source.STRONG, KEY) == UUID("d3166356-2f3c-5872-a905-b63e745f32c3")
    assert set_id(Source.STRONG, KEY, "Squat", "1", 0) == UUID("1e39c953-dc12-5a98-b957-c07560e10136")
    assert measurement_id(Source.HEVY_MEASUREMENTS, "2025-09-15T00:00:00", 0) == UUID(
        "d4e3d046-4e48-57d2-91f9-bb3b8f2b8681"
    )
    assert custom_exercise_id("Moon Walk") == UUID("f1f62226-71cb-564a-8b61-d0efeddf6b34")


def test_whatever_differs_has_an_id_of_its_own() -> None:
    ids = {
        workout_id(Source.STRONG, KEY),
        workout_id(Source.HEVY, KEY),
        set_id(Source.STRONG, KEY, "Squat", "1", 0),
        set_id(Source.STRONG, KEY, "Squat", "1", 1),
        set_id(Source.STRONG, KEY, "Squat", "2", 0),
        set_id(Source.STRONG, KEY, "Squat ", "1", 0),
        set_id(Source.STRONG, KEY, "Squat1", "", 0),
        set_id(Source.HEVY, KEY, "Squat", "1", 0),
    }

    assert len(ids) == 8


def test_a_custom_exercise_is_one_in_all_spellings_of_its_name() -> None:
    assert custom_exercise_id(" moon  walk") == custom_exercise_id("Moon Walk")


def test_no_word_means_two_months() -> None:
    meanings: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        assert len(language.split()) == 12
        for month, word in enumerate(language.split(), 1):
            meanings.setdefault(word, set()).add(month)

    assert {word: months for word, months in meanings.items() if len(months) > 1} == {}
