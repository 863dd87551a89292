"""Taking back what was logged: the events that give back the earlier values. Pure, and the same for every domain."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

from client.events import LoggedEvent
from client.imports import undo_mark
from client.writing import event_of, identifying, updating
from shared.fold import NOTHING, Entity, Recorded, State, fold
from shared.registry import REMOVED, DomainEvent, registry
from shared.views.rows import json_form

IMPORTED = "ImportFinished"
_NAMESPACE = UUID("2c1d7d0e-6f3b-5a4c-9e57-51b0a3c1f2d8")


def mark(event_id: UUID) -> UUID:
    """The correlation id of the events that undo this one: so the log itself tells what was undone."""
    return uuid5(_NAMESPACE, str(event_id))


def last_action(log: Sequence[LoggedEvent]) -> tuple[LoggedEvent, ...]:
    """The latest events that were logged together and are neither an undo nor undone; oldest first."""
    marks = {event.correlation_id for event in log if event.correlation_id}
    undone = {event.event_id for event in log if mark(event.event_id) in marks}
    imports = {event.correlation_id for event in log if event.event_type == IMPORTED} - {None}
    imports_undone = {undo_mark(one): one for one in imports if one and undo_mark(one) in marks}
    gone = {*map(mark, undone), *imports_undone.keys(), *imports_undone.values()}
    left = [event for event in log if event.event_id not in undone and event.correlation_id not in gone]
    if not left:
        return ()
    together = left[-1].correlation_id
    if together is None:
        return (left[-1],)
    return tuple(event for event in left if event.correlation_id == together)


def undoing(undone: LoggedEvent, events: Iterable[Recorded]) -> tuple[DomainEvent, ...]:
    """What gives back the earlier values of the fields that the event still decides; nothing where it decides none.

    `events` is the whole log as the fold takes it.
    """
    everything = list(events)
    target = next(recorded for recorded in everything if recorded.event_id == undone.event_id)
    now, before = fold(everything), fold(recorded for recorded in everything if recorded is not target)
    undone_events = []
    for change in registry().changes(target.event):
        key = change.entity, change.entity_id
        decided = [name for name in change.fields if _decides(target, now.get(key, NOTHING), name)]
        if decided and (event := _giving_back(key, decided, before, target.event.event_type)):
            undone_events.append(event)
    return tuple(undone_events)


def _decides(target: Recorded, entity: Entity, name: str) -> bool:
    register = entity.fields.get(name)
    return register is not None and register.winner is not None and register.winner.stamp == target.stamp


def _giving_back(key: tuple[str, UUID], decided: Sequence[str], before: State, event_type: str) -> DomainEvent | None:
    entity, entity_id = key
    stream, earlier = registry().streams[entity], before.get(key, NOTHING)
    existed = any(name != REMOVED for name in earlier.fields)
    if event_type == stream.creates and not existed:
        return event_of(stream.removes, identifying(key))
    if REMOVED in decided:
        return event_of(stream.removes if earlier.removed else stream.restores, identifying(key))
    if event_type == stream.merges:
        return event_of(stream.splits, {"from_id": str(entity_id)})
    return updating(key, {name: json_form(earlier.value(name)) for name in decided}, earlier)
