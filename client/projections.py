"""What the log comes to: the same fold and the same views as the server's, from this device's own file."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from sqlite3 import Row
from typing import Any, NamedTuple, cast
from uuid import UUID

from pydantic import ValidationError

from client.events import LoggedEvent, PulledEvent
from client.pulled import PulledLog
from client.queue import EventQueue, accepted_seen, logged
from shared.digests import Digest
from shared.domains.profile.fold import PROFILE_ID
from shared.fold import Key, Recorded, State, entity_of, fold
from shared.registers import Seen, Stamp
from shared.registry import UnknownEventType, registry
from shared.views.conflicts import ConflictRow, conflicts_of
from shared.views.exercises import Exercises, exercise_rows
from shared.views.measurements import MeasurementRow
from shared.views.profile import ProfileRow, profile_row
from shared.views.records import RecordRow
from shared.views.sets import SetRow
from shared.views.templates import TemplateRow
from shared.views.weekly import WeeklyRow
from shared.views.whole import FOLD_VERSION, Views, digest_of_rows, rows_of
from shared.views.workouts import WorkoutRow

__all__ = ["FOLD_VERSION", "Projection", "project"]


@dataclass(frozen=True)
class Projection:
    """The folded log and its views, made when they are asked for.

    `unreadable` are events that only a newer version of this program understands; they count nowhere here.
    """

    state: State
    unreadable: tuple[LoggedEvent | PulledEvent, ...] = ()

    @cached_property
    def views(self) -> Views:
        return rows_of(self.state)

    @property
    def content_digest(self) -> Digest:
        """What a server with the same events and the same fold version has, too."""
        return digest_of_rows(row for rows in self.views.values() for row in rows)

    @cached_property
    def workouts(self) -> list[WorkoutRow]:
        """Newest first."""
        rows = cast(list[WorkoutRow], self.views["workouts"])
        return sorted(rows, key=lambda row: (row.started_at, row.workout_id), reverse=True)

    @cached_property
    def sets(self) -> list[SetRow]:
        """In the order in which they were done."""
        return sorted(cast(list[SetRow], self.views["sets"]), key=lambda row: (row.completed_at, row.set_id))

    @cached_property
    def exercises(self) -> Exercises:
        found = {entity_id: entity for (kind, entity_id), entity in self.state.items() if kind == "exercise"}
        return Exercises(exercise_rows(found))

    @cached_property
    def measurements(self) -> list[MeasurementRow]:
        """Newest first."""
        rows = cast(list[MeasurementRow], self.views["measurements"])
        return sorted(rows, key=lambda row: (row.measured_at, row.measurement_id), reverse=True)

    @cached_property
    def records(self) -> list[RecordRow]:
        return cast(list[RecordRow], self.views["records"])

    @cached_property
    def weeks(self) -> list[WeeklyRow]:
        """Oldest first."""
        return sorted(cast(list[WeeklyRow], self.views["weekly"]), key=lambda row: row.week_start)

    @property
    def profile(self) -> ProfileRow:
        return profile_row(self.state.get(("profile", PROFILE_ID)))

    @cached_property
    def templates(self) -> list[TemplateRow]:
        return sorted(cast(list[TemplateRow], self.views["templates"]), key=lambda row: row.name.casefold())

    @cached_property
    def conflicts(self) -> list[ConflictRow]:
        """Those of one entity follow each other. Found without making the other views."""
        return conflicts_of(self.state)

    def after(self, events: Iterable[Recorded]) -> "Projection":
        """What it comes to with more events."""
        return Projection(fold(events, self.state), self.unreadable)

    def about(self, exercise_id: UUID) -> "Projection":
        """The same without the sets of other exercises: enough for records and progress, and made much faster."""
        state = {
            key: entity
            for key, entity in self.state.items()
            if key[0] != "set" or self.exercises.standing_for(entity.value("exercise_id")) == exercise_id
        }
        return Projection(state, self.unreadable)

    def sets_of(self, workout_id: UUID) -> list[SetRow]:
        """One workout's sets, in order."""
        return [row for row in self.sets if row.workout_id == workout_id]


def recorded(queue: EventQueue, pulled: PulledLog) -> list[Recorded]:
    """All that counts, as the fold takes it."""
    return list(_recorded(queue, pulled, []))


class _Said(NamedTuple):
    """What one event wrote to one entity."""

    stamp: Stamp
    seen: Seen
    fields: Mapping[str, Any]


def state_of(events: Iterable[Recorded]) -> State:
    """The fold of a whole log, entity by entity: nearly all have one writer, which `entity_of` makes use of."""
    said: dict[Key, list[_Said]] = {}
    for event in events:
        stamp = event.stamp
        for entity, entity_id, fields in registry().changes(event.event):
            said.setdefault((entity, entity_id), []).append(_Said(stamp, event.seen, fields))
    return {key: entity_of(edits) for key, edits in said.items()}


def project(queue: EventQueue, pulled: PulledLog) -> Projection:
    """The whole log, own events and others'. Refused events count nowhere, as on the server."""
    unreadable: list[LoggedEvent | PulledEvent] = []
    state = state_of(_recorded(queue, pulled, unreadable))
    return Projection(state, tuple(unreadable))


def _own(row: Row, device_id: UUID) -> Recorded:
    event = registry().parse(row["event_type"], row["schema_version"], json.loads(row["payload"]))
    occurred_at = datetime.fromisoformat(row["occurred_at"])
    return Recorded(event, UUID(row["event_id"]), device_id, row["sequence_number"], occurred_at, accepted_seen(row))


def _recorded(queue: EventQueue, pulled: PulledLog, unreadable: list[LoggedEvent | PulledEvent]) -> Iterator[Recorded]:
    devices: dict[str, UUID] = {}
    for row in queue.counting():
        device_id = devices.get(row["device_id"]) or devices.setdefault(row["device_id"], UUID(row["device_id"]))
        try:
            yield _own(row, device_id)
        except (UnknownEventType, ValidationError):
            unreadable.append(logged(row))
    for other in pulled.events():
        try:
            yield other.recorded()
        except (UnknownEventType, ValidationError):
            unreadable.append(other)
