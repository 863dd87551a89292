"""What takes an event back: one event of the same entity that gives each field its earlier value (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.projector.domain import EntityKey, Said, entity_of
from shared.fold import Entity
from shared.registry import Stream, registry
from shared.views.rows import json_form


@dataclass(frozen=True, slots=True)
class Told:
    """One event of an entity's history."""

    event_type: str
    said: Said


@dataclass(frozen=True, slots=True)
class Undoing:
    """The event to write; it has seen the undone one, a removal also all that it hides, a restore all that it lifts.

    It has to be stamped later than `after`, when the undone one happened: else what that one had decided against by its
    clock alone would now decide.
    """

    event_type: str
    schema_version: int
    payload: Mapping[str, Any]
    seen: Mapping[UUID, int]
    after: datetime


@dataclass(frozen=True, slots=True)
class NothingToUndo:
    """Later edits decide everything that the event said, or it cannot be taken back this way."""

    reason: str


def undo(key: EntityKey, told: Sequence[Told], undone: Told, beside: Iterable[Said] = ()) -> Undoing | NothingToUndo:
    """Takes back what `undone` still decides of the entity whose whole history is `told`.

    `beside` is what else a removal of the entity hides: what was said of a workout's sets.
    """
    stream = registry().streams.get(key.entity)
    if stream is None or (stream.creates == undone.event_type and stream.removes is None):
        return NothingToUndo(f"{undone.event_type} cannot be taken back")
    now = entity_of(one.said for one in told)
    others = [one for one in told if one is not undone]
    before = entity_of(one.said for one in others)
    decided = [name for name in undone.said.fields if now.decided_by(name) == undone.said.stamp]
    if not decided:
        return NothingToUndo("later edits decide everything that this event said")
    event_type, fields = _step(stream, undone.event_type, others, before, now, decided)
    if event_type is None:
        return NothingToUndo("nothing can be written that takes this back")
    identified = _identified(stream, event_type, key)
    payload = {**identified, **{name: json_form(value) for name, value in fields.items()}}
    seen = _seen([undone.said, *_settled(stream, event_type, told, beside)])
    version = registry().events[event_type].schema_version
    return Undoing(event_type, version, payload, seen, undone.said.stamp.occurred_at)


def _settled(stream: Stream, event_type: str, told: Sequence[Told], beside: Iterable[Said]) -> Iterable[Said]:
    """What the event is said in knowledge of, so that it leaves nothing to settle."""
    of_entity = [one.said for one in told]
    if event_type == stream.removes:
        return [*of_entity, *beside]
    return of_entity if event_type == stream.restores else ()


def _seen(said: Iterable[Said]) -> Mapping[UUID, int]:
    seen: dict[UUID, int] = {}
    for one in said:
        for device_id, number in (one.own, (one.stamp.device_id, one.stamp.sequence_number)):
            seen[device_id] = max(number, seen.get(device_id, 0))
    return seen


def _step(
    stream: Stream,
    event_type: str,
    others: Sequence[Told],
    before: Entity,
    now: Entity,
    decided: Sequence[str],
) -> tuple[str | None, Mapping[str, Any]]:
    """The event's name and its fields beside the entity's id."""
    if event_type == stream.removes:
        return stream.restores, {}
    if event_type == stream.restores:
        return (stream.removes if before.removed else None), {}
    if event_type in (stream.merges, stream.splits):
        return _reconnected(stream, before)
    if event_type == stream.creates and _begins(stream, others):
        return (None if now.removed else stream.removes), {}
    earlier = {name: before.value(name) for name in decided}
    return stream.updates, {**_required(stream, now), **earlier}


def _begins(stream: Stream, others: Iterable[Told]) -> bool:
    """Whether what creates the entity is its beginning. A copy of it, as a fork or a restored server brings about, is
    none the less; but where the same event also updates, a later one is an edit."""
    return stream.creates != stream.updates or not any(one.event_type == stream.creates for one in others)


def _reconnected(stream: Stream, before: Entity) -> tuple[str | None, Mapping[str, Any]]:
    into = before.value("merged_into")
    return (stream.splits, {}) if into is None else (stream.merges, {"into_id": into})


def _required(stream: Stream, now: Entity) -> Mapping[str, Any]:
    """What an update has to say in any case, as it is now."""
    fields = registry().events[stream.updates].model_fields if stream.updates else {}
    required = [name for name, field in fields.items() if field.is_required() and name != stream.identifier]
    return {name: now.value(name) for name in required}


def _identified(stream: Stream, event_type: str, key: EntityKey) -> Mapping[str, Any]:
    identifier = "from_id" if event_type in (stream.merges, stream.splits) else stream.identifier
    return {} if identifier is None else {identifier: str(key.entity_id)}
