"""The domains and what they teach: the one place where a stored event becomes a typed one.

A domain is a package that offers `DOMAIN: Domain`. Those in `shared.domains` are found by walking the package; others
are named in the environment variable `HYPERTROPHY_DOMAINS` (dotted module names, separated by commas).
"""

import importlib
import os
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from pydantic_core import SchemaValidator, core_schema, from_json, to_json

from shared.values import Strict

# The field that a removal sets and a restore lifts, in every entity of every domain.
REMOVED = "removed"
# The id of an entity of which a user has exactly one.
SINGLE = UUID(int=0)

Payload = Mapping[str, Any]
Upcaster = Callable[[Payload], Payload]


class DomainEvent(Strict):
    """A fact in its current shape. `event_type` is the stored name, for ever; a new shape raises `schema_version`."""

    event_type: ClassVar[str]
    schema_version: ClassVar[int] = 1

    def changed(self, *without: str) -> dict[str, Any]:
        """The fields that the event says something about: absence leaves a field, null clears it."""
        said = self.__dict__
        return {name: said[name] for name in self.model_fields_set if name not in without}


class Change(NamedTuple):
    """What one event says about one entity."""

    entity: str
    entity_id: UUID
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Stream:
    """The life of one kind of entity, by stored event names.

    `identifier` is the payload field with the entity's id; None where a user has exactly one (the id is then constant).
    """

    entity: str
    identifier: str | None
    creates: str | None = None
    updates: str | None = None
    removes: str | None = None
    restores: str | None = None
    merges: str | None = None
    splits: str | None = None


@dataclass(frozen=True)
class Domain:
    """Everything that the rest of the system needs to know of a domain."""

    name: str
    events: tuple[type[DomainEvent], ...]
    streams: tuple[Stream, ...]
    changes: Callable[[Any], tuple[Change, ...]]
    upcasters: Mapping[tuple[str, int], Upcaster] = field(default_factory=dict)


class UnknownEventType(Exception):
    """No domain knows this event type, or not in this version: it may be known after an upgrade."""


@dataclass(frozen=True)
class Registry:
    """All domains of this process."""

    domains: tuple[Domain, ...]

    @cached_property
    def events(self) -> Mapping[str, type[DomainEvent]]:
        """Event classes by stored name."""
        return {event.event_type: event for domain in self.domains for event in domain.events}

    @cached_property
    def domain_of(self) -> Mapping[str, Domain]:
        """Domains by stored event name."""
        return {event.event_type: domain for domain in self.domains for event in domain.events}

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        """Streams by entity."""
        return {stream.entity: stream for domain in self.domains for stream in domain.streams}

    def parse(self, event_type: str, schema_version: int, payload: Payload) -> DomainEvent:
        """The stored payload as today's typed event: the choke point where upcasting happens (law 10).

        Raises:
            UnknownEventType: for a name or a version that no domain has.
            pydantic.ValidationError: for a payload that does not fit.
        """
        event = self._known(event_type)
        if schema_version != event.schema_version:
            payload = self._upcast(event, schema_version, payload)
        return self._read[event_type](to_json(payload))

    def parse_text(self, event_type: str, schema_version: int, payload: str) -> DomainEvent:
        """A payload that is JSON text, parsed: what is in its current shape, straight from the text.

        Raises:
            UnknownEventType, pydantic.ValidationError: as `parse` does.
        """
        if schema_version != self._known(event_type).schema_version:
            return self.parse(event_type, schema_version, from_json(payload))
        return self._read[event_type](payload)

    def parse_record(self, event_type: str, schema_version: int, record: bytes) -> DomainEvent:
        """The `payload` of a JSON object, parsed in the same way.

        Raises:
            UnknownEventType, pydantic.ValidationError: as `parse` does.
        """
        if schema_version != self._known(event_type).schema_version:
            return self.parse(event_type, schema_version, from_json(record)["payload"])
        payload: DomainEvent = self._read_record[event_type](record)["payload"]
        return payload

    def _known(self, event_type: str) -> type[DomainEvent]:
        event = self.events.get(event_type)
        if event is None:
            raise UnknownEventType(f"unknown event type {event_type!r}")
        return event

    @cached_property
    def _read(self) -> Mapping[str, Callable[[bytes | str], DomainEvent]]:
        """The compiled validators themselves: every event of every reader comes by here."""
        return {name: event.__pydantic_validator__.validate_json for name, event in self.events.items()}

    @cached_property
    def _read_record(self) -> Mapping[str, Callable[[bytes], Mapping[str, DomainEvent]]]:
        """The same for objects in which the event is the `payload`."""
        return {name: _within_payload(event).validate_json for name, event in self.events.items()}

    def _upcast(self, event: type[DomainEvent], version: int, payload: Payload) -> Payload:
        if not 1 <= version <= event.schema_version:
            raise UnknownEventType(f"{event.event_type} is known up to version {event.schema_version}, not {version}")
        upcasters = self.domain_of[event.event_type].upcasters
        for step in range(version, event.schema_version):
            payload = upcasters[event.event_type, step](payload)
        return payload

    def changes(self, event: DomainEvent) -> tuple[Change, ...]:
        """What the event says, entity by entity."""
        return self.domain_of[event.event_type].changes(event)


def _within_payload(event: type[DomainEvent]) -> SchemaValidator:
    payload = core_schema.typed_dict_field(event.__pydantic_core_schema__)
    return SchemaValidator(core_schema.typed_dict_schema({"payload": payload}))


def _built_in() -> list[str]:
    package = importlib.import_module("shared.domains")
    return [f"shared.domains.{module.name}" for module in pkgutil.iter_modules(package.__path__) if module.ispkg]


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The domains of the tree and those that `HYPERTROPHY_DOMAINS` names."""
    named = [name.strip() for name in os.environ.get("HYPERTROPHY_DOMAINS", "").split(",") if name.strip()]
    modules = [importlib.import_module(name) for name in sorted(_built_in()) + named]
    return Registry(tuple(module.DOMAIN for module in modules))
