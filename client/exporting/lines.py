"""Lossless JSON Lines: a header, then every event that counts, none before one that it has seen.

Read into an empty log they come to the same content, but for conflicts: those are settled as they stand.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from client.conflicts import settling
from client.events import Draft, PulledEvent
from client.imports import Known, Plan, finished
from client.lost import Lost, in_causal_order, lost
from client.projections import Projection, state_of
from client.pulled import PulledLog
from client.queue import EventQueue
from client.writing import restoring
from shared.fold import Key, Recorded
from shared.registry import DomainEvent, UnknownEventType, registry
from shared.values import Moment, format_moment
from shared.views.rows import json_form
from shared.views.whole import FOLD_VERSION

_READER = UUID(int=0)
FORMAT = "hypertrophy"
VERSION = 1


class UnreadableExport(Exception):
    """A file that begins like an export of ours and cannot be read on."""


def write_lines(queue: EventQueue, pulled: PulledLog, projection: Projection, at: datetime) -> Iterator[str]:
    """The export, line by line."""
    events = in_causal_order(_everything(queue, pulled))
    header = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": format_moment(at),
        "events": len(events),
        "fold_version": FOLD_VERSION,
        "content_digest": projection.content_digest.hash,
    }
    yield json.dumps(header)
    for item in events:
        yield json.dumps(_line(item), ensure_ascii=False, separators=(",", ":"))


def _everything(queue: EventQueue, pulled: PulledLog) -> Iterable[Lost]:
    for event, seen in queue.events():
        yield lost(replace(event, seen=seen))
    for other in pulled.events():
        yield lost(other)


def _line(item: Lost) -> dict[str, Any]:
    event = item.event
    return {
        "event_id": str(event.event_id),
        "event_type": event.event_type,
        "schema_version": event.schema_version,
        "payload": item.payload,
        "device_id": str(item.place[0]),
        "sequence_number": item.place[1],
        "occurred_at": event.occurred_at,
        "correlation_id": str(event.correlation_id) if event.correlation_id else None,
        "seen": {str(device_id): number for device_id, number in item.seen.items()},
    }


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One event of the file, or why there is none; `number` counts lines from 1, the header included."""

    number: int
    event: PulledEvent | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OwnExport:
    """A file of ours. `announced` is how many events it had when it was written."""

    content_digest: str | None
    announced: int
    lines: tuple[ReadLine, ...]

    @property
    def workouts(self) -> int:
        return sum(line.event is not None and line.event.event_type == "WorkoutStarted" for line in self.lines)


def is_ours(content: bytes) -> bool:
    """Whether the file begins as our exports do."""
    first = content.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    try:
        header = json.loads(first)
    except ValueError:
        return False
    return isinstance(header, dict) and header.get("format") == FORMAT


def read_lines(content: bytes) -> OwnExport:
    """The events of an export.

    Raises:
        UnreadableExport: for one of a newer version.
    """
    lines = content.decode("utf-8-sig", errors="replace").split("\n")
    header = json.loads(lines[0])
    if header.get("version") != VERSION:
        raise UnreadableExport(f"the export is of version {header.get('version')}, this program reads {VERSION}")
    read = (_read(number, text) for number, text in enumerate(lines[1:], start=2) if text.strip())
    found = tuple(read)
    announced = header.get("events")
    return OwnExport(header.get("content_digest"), announced if isinstance(announced, int) else len(found), found)


class _Timed(BaseModel):
    """What a line says of its time: the server has checked what comes from there, but nobody what is in a file."""

    occurred_at: Moment


def _read(number: int, text: str) -> ReadLine:
    try:
        said = json.loads(text)
        event = PulledEvent.parse(said)
        event = replace(event, occurred_at=format_moment(_Timed.model_validate(said).occurred_at))
        registry().parse(event.event_type, event.schema_version, event.payload)
    except UnknownEventType as error:
        return ReadLine(number, None, str(error))
    except ValidationError as error:
        first = error.errors()[0]
        return ReadLine(number, None, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except json.JSONDecodeError:
        return ReadLine(number, None, "the line is cut off, or damaged")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ReadLine(number, None, "the line is no event")
    return ReadLine(number, event)


def plan_lines(export: OwnExport, log: Known, import_id: UUID, file_hash: str, at: datetime) -> Plan:
    """The events about entities that the log does not know, and what brings back those that an undone import took."""
    drafts: list[Draft] = []
    new: list[Recorded] = []
    back: set[Key] = set()
    for told in (line.event.recorded() for line in export.lines if line.event):
        keys = {(change.entity, change.entity_id) for change in registry().changes(told.event)}
        if not any(log.has(key) for key in keys):
            new.append(told)
            drafts.append(Draft(told.event, told.occurred_at, import_id))
        elif found := keys & log.taken_back - back:
            back |= found
            drafts += [Draft(again, at, import_id) for key in sorted(found) if (again := restoring(key))]
    drafts += [Draft(event, at, import_id) for event in _settled(new)]
    return finished(drafts, (), FORMAT, import_id, file_hash, at)


def _settled(told: Sequence[Recorded]) -> Iterator[DomainEvent]:
    """What has to be said besides, so that the events come to the same when one device says them after each other."""
    said = (
        event._replace(device_id=_READER, sequence_number=number, seen={}) for number, event in enumerate(told, start=1)
    )
    before, after = state_of(told), state_of(said)
    for key, entity in before.items():
        now = after[key].values()
        differing = {name: json_form(value) for name, value in entity.values().items() if value != now[name]}
        yield from settling(key, differing, after[key])
