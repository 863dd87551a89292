"""The published contract is what the code does."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.registry import registry
from shared.schemas import DOCS, asyncapi, documents, event_schema
from shared.topics import partitions

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "events"


@pytest.mark.parametrize("path", sorted(documents()))
def test_the_published_documents_are_up_to_date(path: str) -> None:
    assert (DOCS / path).read_text() == documents()[path], "run: python -m shared.schemas"


def test_every_topic_is_described() -> None:
    assert asyncapi()["channels"].keys() == partitions().keys()


def _current() -> list[Any]:
    """The golden events of their types' current versions; those in words of the future are read, but not published."""
    found = [(path.name, json.loads(path.read_text())) for path in sorted(GOLDEN.glob("*.json"))]
    known = registry().events
    return [
        pytest.param(event, id=name)
        for name, event in found
        if event["schema_version"] == known[event["event_type"]].schema_version and "newer-words" not in name
    ]


@pytest.mark.parametrize("event", _current())
def test_golden_events_fit_their_schemas(event: dict[str, Any]) -> None:
    schema = event_schema(registry().events[event["event_type"]])
    Draft202012Validator(schema).validate(event["payload"])


def test_decimals_are_numbers_and_never_strings() -> None:
    weight = event_schema(registry().events["SetCompleted"])["properties"]["weight"]
    assert "string" not in json.dumps(weight)
