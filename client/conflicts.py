"""What devices wrote to one thing without having seen each other, and the edit that settles it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from client.errors import NotFound
from client.writing import event_of, removing, restoring, updating
from shared.domains.exercises.fold import MERGED_INTO
from shared.fold import Entity, Key
from shared.registry import REMOVED, DomainEvent, registry
from shared.views.conflicts import ConflictRow


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing with its contested fields."""

    key: Key
    rows: tuple[ConflictRow, ...]

    def about(self, field: str) -> "Conflict":
        """Only this field of it. Raises NotFound."""
        found = tuple(row for row in self.rows if row.field == field)
        if not found:
            raise NotFound(f'"{field}" is not in conflict here; {_listed(self.rows)} is')
        return Conflict(self.key, found)

    def kept(self) -> Mapping[str, Any]:
        """The values that count, by field."""
        return {row.field: row.value for row in self.rows}

    def taken(self, number: int) -> Mapping[str, Any]:
        """The other values with this number, from 1 on, by field; all of one device, so that they belong together.

        Raises:
            NotFound
        """
        if any(number > len(row.others) for row in self.rows):
            raise NotFound(f"not every field has another value {number}; `--field` settles one field alone")
        chosen = {row.field: row.others[number - 1] for row in self.rows}
        if len({other["device_id"] for other in chosen.values()}) > 1:
            raise NotFound(f"the values {number} are of several devices; `--field` settles one field alone")
        return {field: other["value"] for field, other in chosen.items()}


def grouped(rows: Iterable[ConflictRow]) -> list[Conflict]:
    """Field by field becomes thing by thing; `rows` of one thing follow each other."""
    things = groupby(rows, lambda row: (row.entity, row.entity_id))
    return [Conflict(key, tuple(sorted(contested, key=lambda row: row.field))) for key, contested in things]


def settling(key: Key, values: Mapping[str, Any], entity: Entity) -> tuple[DomainEvent, ...]:
    """Edits that write these values, in JSON form; logged by a device that shows the conflict, they have seen it."""
    stream, rest = registry().streams[key[0]], dict(values)
    events: list[DomainEvent | None] = []
    if REMOVED in rest:
        events.append(removing(key) if rest.pop(REMOVED) else restoring(key))
    if MERGED_INTO in rest:
        from_id, into_id = {"from_id": str(key[1])}, rest.pop(MERGED_INTO)
        merged = {**from_id, "into_id": into_id}
        events.append(event_of(stream.merges, merged) if into_id else event_of(stream.splits, from_id))
    if rest:
        events.append(updating(key, rest, entity))
    return tuple(event for event in events if event)


def _listed(rows: Iterable[ConflictRow]) -> str:
    return " or ".join(row.field for row in rows)
