"""Events that write values to an entity of whatever domain, as its stream names them. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from shared.fold import Entity, Key
from shared.registry import REMOVED, DomainEvent, registry
from shared.views.rows import json_form


def identifying(key: Key) -> Mapping[str, str]:
    """The part of a payload that says which entity it is about."""
    entity, entity_id = key
    identifier = registry().streams[entity].identifier
    return {identifier: str(entity_id)} if identifier else {}


def updating(key: Key, values: Mapping[str, Any], entity: Entity) -> DomainEvent | None:
    """The event that writes these values, in JSON form; None where nothing updates such an entity.

    What is saved whole says all of its fields: the others as `entity` has them.
    """
    stream = registry().streams[key[0]]
    if stream.updates == stream.creates:
        values = {**{name: json_form(value) for name, value in entity.values().items() if name != REMOVED}, **values}
    return event_of(stream.updates, {**identifying(key), **values})


def removing(key: Key) -> DomainEvent | None:
    """The event that takes an entity away; None where its stream has none."""
    return event_of(registry().streams[key[0]].removes, identifying(key))


def restoring(key: Key) -> DomainEvent | None:
    """The event that brings an entity back; None where its stream has none."""
    return event_of(registry().streams[key[0]].restores, identifying(key))


def event_of(event_type: str | None, payload: Mapping[str, Any]) -> DomainEvent | None:
    """The event of this stored name; None where the stream has none."""
    if event_type is None:
        return None
    known = registry().events[event_type]
    return registry().parse(event_type, known.schema_version, json.loads(json.dumps(payload)))
