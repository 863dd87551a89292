"""Taking back what was logged: the events that give back the earlier values. Pure, and the same for every domain."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from client.events import LoggedEvent, mark
from client.imports import undo_mark
from client.writing import event_of, removing, restoring, updating
from shared.fold import NOTHING, Key, Recorded, State, fold
from shared.registry import REMOVED, DomainEvent, registry
from shared.views.rows import json_form

IMPORTED = "ImportFinished"

Action = tuple[LoggedEvent, ...]
"""Events that were logged together, oldest first."""


@dataclass(frozen=True, slots=True)
class Undo:
    """`action` is taken back by what stands in `by` beside each of its events, latest first; an import has none here.
    `passed_over` are later actions of which nothing counts any more: another phone has said otherwise since, or the
    server refuses them."""

    action: Action
    by: Sequence[tuple[LoggedEvent, tuple[DomainEvent, ...]]]
    passed_over: Sequence[Action]


def next_undo(log: Sequence[LoggedEvent], events: Iterable[Recorded]) -> Undo | None:
    """Takes back the latest action of this phone that is neither an undo nor undone and still decides something.

    `log` is what its user did, `events` the whole log as the fold takes it, those of other phones with it.
    """
    said = {event.correlation_id for event in log if event.correlation_id}
    undone = {event.event_id for event in log if mark(event.event_id) in said}
    undos = set(map(mark, undone))
    in_play = [event for event in log if event.event_id not in undone and event.correlation_id not in undos]
    # What was undone and what undid it are as if they had never been said: else an undo would hide the edit before.
    out = {event.event_id for event in log} - {event.event_id for event in in_play}
    left = [event for event in events if event.event_id not in out]
    passed_over: list[Action] = []
    for action in _actions(in_play):
        by = () if any(event.event_type == IMPORTED for event in action) else _by(action, left)
        if not by or any(given_back for _, given_back in by):
            return Undo(action, by, passed_over)
        passed_over.append(action)
    return None


def _actions(in_play: Sequence[LoggedEvent]) -> Iterator[Action]:
    """What was logged together, the latest first; without imports that were undone, and what undid them."""
    said = {event.correlation_id for event in in_play if event.correlation_id}
    imports = {event.correlation_id for event in in_play if event.event_type == IMPORTED and event.correlation_id}
    gone = {one for import_id in imports if undo_mark(import_id) in said for one in (import_id, undo_mark(import_id))}
    found: dict[UUID, list[LoggedEvent]] = {}
    for event in reversed(in_play):
        if event.correlation_id not in gone:
            found.setdefault(event.correlation_id or event.event_id, []).append(event)
    yield from (tuple(reversed(together)) for together in found.values())


def _by(action: Action, left: Sequence[Recorded]) -> Sequence[tuple[LoggedEvent, tuple[DomainEvent, ...]]]:
    found = []
    for event in reversed(action):
        found.append((event, _undoing(event, left)))
        left = [recorded for recorded in left if recorded.event_id != event.event_id]
    return found


def _undoing(undone: LoggedEvent, events: Sequence[Recorded]) -> tuple[DomainEvent, ...]:
    """What gives back the earlier values of the fields that the event still decides; nothing where it decides none."""
    target = next((recorded for recorded in events if recorded.event_id == undone.event_id), None)
    if target is None:
        return ()
    now, before = fold(events), fold(recorded for recorded in events if recorded is not target)
    undone_events = []
    for change in registry().changes(target.event):
        key = change.entity, change.entity_id
        decided = [name for name in change.fields if now.get(key, NOTHING).decided_by(name) == target.stamp]
        if decided and (event := _giving_back(key, decided, before, target.event.event_type)):
            undone_events.append(event)
    return tuple(undone_events)


def _giving_back(key: Key, decided: Sequence[str], before: State, event_type: str) -> DomainEvent | None:
    stream, earlier = registry().streams[key[0]], before.get(key, NOTHING)
    existed = any(name != REMOVED for name in earlier.fields)
    if event_type == stream.creates and (stream.creates != stream.updates or not existed):
        return removing(key)
    if event_type == stream.removes:
        return restoring(key)
    if event_type == stream.restores:
        return removing(key) if earlier.removed else None
    if event_type in (stream.merges, stream.splits):
        into, connected = earlier.value("merged_into"), {"from_id": str(key[1])}
        if into is not None:
            return event_of(stream.merges, {**connected, "into_id": str(into)})
        return event_of(stream.splits, connected)
    return updating(key, {name: json_form(earlier.value(name)) for name in decided}, earlier)
