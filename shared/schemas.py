"""The published contract of messages: JSON Schemas of all events and an AsyncAPI document, made from the code itself.

`python -m shared.schemas` writes `docs/schemas/*.json` and `docs/asyncapi.json`; a test compares them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from shared.dead_letters import DeadLetter
from shared.envelope import AcceptedEvent, EventEnvelope
from shared.identity import (
    ConflictFound,
    DeviceLinked,
    DeviceRevoked,
    ErasureApplied,
    MergeApplied,
    UserErased,
    UserMerged,
    UserRegistered,
    WeeklyReportReady,
)
from shared.kafka import CORRELATION, TRACEPARENT
from shared.registry import DomainEvent, registry
from shared.topics import COACH, DEAD_LETTERS, EFFECTS, EVENTS, IDENTITY

DOCS = Path(__file__).resolve().parent.parent / "docs"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


# Whom a record's key names, and what may lie on the topic.
TOPICS: Mapping[str, tuple[str, tuple[type[BaseModel], ...]]] = {
    EVENTS: ("device_id", (AcceptedEvent,)),
    IDENTITY: ("user_id", (UserRegistered, DeviceLinked, DeviceRevoked, UserMerged, UserErased)),
    EFFECTS: ("user_id", (MergeApplied, ErasureApplied, ConflictFound)),
    COACH: ("user_id", (WeeklyReportReady,)),
    DEAD_LETTERS: ("the key of the record", (DeadLetter,)),
}


class _Published(GenerateJsonSchema):
    """Decimals are numbers on the wire, never strings."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        number: JsonSchemaValue = {"type": "number"}
        self.update_with_validations(number, schema, self.ValidationsMapping.numeric)
        return number


def schema_of(model: type[Any]) -> dict[str, Any]:
    """The JSON Schema of a message, a payload or a row."""
    return TypeAdapter(model).json_schema(schema_generator=_Published)


def event_schema(event: type[DomainEvent]) -> dict[str, Any]:
    """The JSON Schema of an event's payload in its current version."""
    name = f"{event.event_type} version {event.schema_version}"
    return {"$schema": DIALECT, **schema_of(event), "title": name}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of all topics."""
    messages = {model.__name__: model for _, models in TOPICS.values() for model in models}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hypertrophy",
            "version": "1",
            "description": "The topics of Hypertrophy. Records are JSON; order holds for each key; delivery is at least"
            " once. The payload of an accepted event has its own schema, in schemas/ by event type and version.",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic) for topic in TOPICS},
        "operations": {f"read {topic}": _reading(topic) for topic in TOPICS},
        "components": {"messages": {name: _message(model) for name, model in messages.items()}},
    }


def _channel(topic: str) -> dict[str, Any]:
    key, models = TOPICS[topic]
    return {
        "address": topic,
        "description": f"Keyed by {key}.",
        "messages": {model.__name__: {"$ref": f"#/components/messages/{model.__name__}"} for model in models},
        "bindings": {"kafka": {"topic": topic}},
    }


def _reading(topic: str) -> dict[str, Any]:
    return {"action": "receive", "channel": {"$ref": f"#/channels/{topic}"}}


def _message(model: type[BaseModel]) -> dict[str, Any]:
    headers = {name: {"type": "string"} for name in (CORRELATION, TRACEPARENT)}
    return {
        "name": model.__name__,
        "headers": {"type": "object", "properties": headers},
        "payload": {"schemaFormat": f"application/schema+json;version={DIALECT}", "schema": schema_of(model)},
        "bindings": {"kafka": {"key": {"type": "string"}}},
    }


def documents() -> dict[str, str]:
    """All published documents by their path under `docs`."""
    made = {f"schemas/{event.event_type}.{event.schema_version}.json": event_schema(event) for event in _events()}
    envelopes = {f"schemas/{model.__name__}.json": schema_of(model) for model in (EventEnvelope, AcceptedEvent)}
    everything = made | envelopes | {"asyncapi.json": asyncapi()}
    return {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in everything.items()}


def _events() -> list[type[DomainEvent]]:
    """The events of the domains in this tree."""
    return [
        event
        for domain in registry().domains
        for event in domain.events
        if event.__module__.startswith("shared.domains.")
    ]


def publish(folder: Path = DOCS) -> None:
    """Writes all documents. A schema of an earlier version stays, as its events do."""
    for path, text in documents().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


if __name__ == "__main__":
    publish()
