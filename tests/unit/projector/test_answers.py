"""The read API's description of itself."""

from typing import Any

import pytest

from services.projector.api.answers import marked, shape
from services.projector.app import create_app
from services.projector.settings import Settings
from shared.domains.exercises.catalogue import CATALOGUE
from shared.views.exercises import ExerciseRow, catalogue_row
from shared.views.sets import SetRow


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    settings = Settings(database_url_projector="postgresql://nobody@nowhere/none", service_token="secret")
    return create_app(settings).openapi()


def bodies(described: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{method} {path}": response["content"]["application/json"]["schema"]
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        for status, response in operation["responses"].items()
        if status.startswith("2")
    }


def test_every_answer_is_described_field_by_field(described: dict[str, Any]) -> None:
    found = bodies(described)

    assert len(found) >= 18
    for place, schema in found.items():
        assert schema.get("type") == "object", place
        assert schema["properties"], place
        assert schema["required"], place


def test_a_page_is_of_items_of_the_kind(described: dict[str, Any]) -> None:
    lists = [schema for schema in bodies(described).values() if "next_cursor" in schema["properties"]]

    assert len(lists) >= 11
    assert all(schema["properties"]["items"]["items"]["properties"] for schema in lists)


def test_numbers_are_numbers_and_words_come_from_closed_lists() -> None:
    properties = shape(SetRow)["properties"]

    assert properties["volume_kg"]["type"] == "number"
    assert "warmup" in properties["set_type"]["enum"]
    assert {"type": "null"} in properties["reps"]["anyOf"]
    assert "$ref" not in str(properties)


def test_a_row_has_the_fields_that_its_schema_requires() -> None:
    row = catalogue_row(next(iter(CATALOGUE)))

    assert row is not None
    assert set(shape(ExerciseRow)["required"]) == set(row.content())
    assert set(marked(ExerciseRow)["required"]) == {*row.content(), "degraded"}
