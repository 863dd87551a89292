"""The projector's pure rules: what an accepted event says about entities, and how recorded events become entities."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from shared.envelope import AcceptedEvent
from shared.fold import Entity, State
from shared.fold import entity_of as entity_of
from shared.registers import Seen, Stamp
from shared.registry import Stream, UnknownEventType, registry

UNREADABLE = (UnknownEventType, ValidationError)


class EntityKey(NamedTuple):
    """One thing of one user, by the kind of entity."""

    user_id: UUID
    entity: str
    entity_id: UUID


class Said(NamedTuple):
    """What one event says about one entity, and its place among the others.

    `own` is the event's device and sequence in the event store: no two events share it.
    """

    own: tuple[UUID, int]
    stamp: Stamp
    seen: Seen
    fields: Mapping[str, Any]


class Entry(NamedTuple):
    """One row of the history: an accepted event as far as it is about one entity."""

    key: EntityKey
    said: Said
    event: AcceptedEvent


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that cannot be applied, and why."""

    event: AcceptedEvent
    reason: str


def entries(event: AcceptedEvent, user_id: UUID) -> list[Entry]:
    """What an event says, entity by entity, for the user that it belongs to now.

    Raises:
        UnknownEventType, pydantic.ValidationError: where this version of the software cannot read it.
    """
    changes = registry().changes(event.typed())
    own = (event.device_id, event.sequence_number)
    stamp, seen = event.stamp, event.seen or {}
    return [
        Entry(EntityKey(user_id, entity, entity_id), Said(own, stamp, seen, fields), event)
        for entity, entity_id, fields in changes
    ]


def read(events: Iterable[AcceptedEvent], owners: Mapping[UUID, UUID]) -> tuple[list[Entry], list[Parked]]:
    """The entries of all events whose user has an owner (the erased have none), and what cannot be read."""
    found: list[Entry] = []
    parked: list[Parked] = []
    for event in events:
        owner = owners.get(event.user_id)
        if owner is None:
            continue
        try:
            found += entries(event, owner)
        except UNREADABLE as error:
            parked.append(Parked(event, str(error)))
    return found, parked


def fields_of(key: EntityKey, event_type: str, schema_version: int, payload: str) -> Mapping[str, Any]:
    """What a stored event says about one entity; its payload is the text that is stored."""
    changes = registry().changes(registry().parse_text(event_type, schema_version, payload))
    return next(c.fields for c in changes if c.entity == key.entity and c.entity_id == key.entity_id)


def states(entities: Mapping[EntityKey, Entity]) -> Mapping[UUID, State]:
    """The entities by their user, as the views of a whole user take them."""
    found: dict[UUID, dict[tuple[str, UUID], Entity]] = {}
    for key, entity in entities.items():
        found.setdefault(key.user_id, {})[key.entity, key.entity_id] = entity
    return found


def stream_of(event: AcceptedEvent) -> Stream | None:
    """The stream in whose life the event is a step, as far as its type and payload tell."""
    for stream in registry().streams.values():
        names = (stream.creates, stream.updates, stream.removes, stream.restores, stream.merges, stream.splits)
        if event.event_type in names:
            return stream
    domain = registry().domain_of.get(event.event_type)
    return next((stream for stream in domain.streams if stream.identifier in event.payload), None) if domain else None


def entity_meant(event: AcceptedEvent) -> tuple[str, UUID] | None:
    """The entity that an unreadable event is about."""
    stream = stream_of(event)
    if stream is None or stream.identifier is None:
        return None
    try:
        return stream.entity, UUID(str(event.payload.get(stream.identifier)))
    except ValueError:
        return None


def ids_meant(payload: Mapping[str, Any]) -> Iterable[UUID]:
    """All ids that a payload holds: what an unreadable event may be about."""
    for name, value in payload.items():
        if name.endswith("_id"):
            with suppress(ValueError):
                yield UUID(str(value))
