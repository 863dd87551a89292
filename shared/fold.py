"""evolve: the pure fold of recorded events into entities. Any interleaving gives the same state (law 5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from shared.registers import Edit, Register, Seen, Stamp, seen_by
from shared.registry import REMOVED, DomainEvent, registry


class Recorded(NamedTuple):
    """A domain event with what the fold needs of its envelope. A released event is recorded as its origin (law 7)."""

    event: DomainEvent
    event_id: UUID
    device_id: UUID
    sequence_number: int
    occurred_at: datetime
    seen: Seen

    @property
    def stamp(self) -> Stamp:
        """What orders this event's edits among those that have not seen each other."""
        return Stamp(self.occurred_at, self.device_id, self.sequence_number)


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """One thing of one user: a register for each field that was ever written."""

    fields: Mapping[str, Register] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entity) and self.fields == other.fields

    def value(self, name: str) -> Any:
        """The field's value; None where nothing was ever written."""
        register = self.fields.get(name)
        return register.value if register else None

    def values(self) -> Mapping[str, Any]:
        """All fields' values."""
        return {name: heads[0].value if heads else None for name, (heads, _) in self.fields.items()}

    def decided_by(self, name: str) -> Stamp | None:
        """The stamp of the edit that decides the field; None where nothing was ever written."""
        register = self.fields.get(name)
        return register.winner.stamp if register and register.winner else None

    def contested(self) -> Iterable[tuple[str, Register]]:
        """The fields of which more than one edit is a head."""
        return [(name, register) for name, register in self.fields.items() if len(register.heads) > 1]

    @property
    def author(self) -> UUID | None:
        """The one device that wrote all of it, as far as that is known at once."""
        return None

    @property
    def removed(self) -> bool:
        """Whether a tombstone lies on it."""
        return bool(self.value(REMOVED))

    def edited(self, fields: Mapping[str, Any], stamp: Stamp, seen: Seen) -> "Entity":
        """This entity after an event wrote these fields."""
        known = seen_by(stamp, seen)
        written = {name: Register((Edit(stamp, value),), known) for name, value in fields.items()}
        for name in self.fields.keys() & fields.keys():
            written[name] = self.fields[name].joined(written[name])
        return Entity({**self.fields, **written})

    def joined(self, other: "Entity") -> "Entity":
        """Both histories in one: what a merge of users does where both hold the entity."""
        names = self.fields.keys() | other.fields.keys()
        return Entity({n: self.fields.get(n, _BLANK).joined(other.fields.get(n, _BLANK)) for n in names})


class Edited(Protocol):
    """What one event wrote to one entity."""

    @property
    def stamp(self) -> Stamp: ...
    @property
    def seen(self) -> Seen: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...


class Chain(Entity):
    """An entity that one device wrote alone, as nearly all are: each edit has seen those before it, so of every field
    the last one decides, and there is nothing to settle. Its registers are made only when somebody asks for them.
    """

    __slots__ = ("_edits", "_values")
    _edits: Sequence[Edited]
    _values: Mapping[str, Any]

    def __init__(self, edits: Sequence[Edited]) -> None:
        """`edits` are all of one device, in the order of their sequence numbers, which are all different."""
        values = edits[0].fields
        for edit in edits[1:]:
            values = {**values, **edit.fields}
        _set(self, "_edits", edits)
        _set(self, "_values", values)

    @property
    def fields(self) -> Mapping[str, Register]:
        return _joined(self._edits).fields

    @property
    def author(self) -> UUID:
        return self._edits[0].stamp.device_id

    def value(self, name: str) -> Any:
        return self._values.get(name)

    def values(self) -> Mapping[str, Any]:
        return self._values

    def decided_by(self, name: str) -> Stamp | None:
        return next((edit.stamp for edit in reversed(self._edits) if name in edit.fields), None)

    def contested(self) -> Iterable[tuple[str, Register]]:
        return ()


_set = object.__setattr__


def entity_of(edits: Iterable[Edited]) -> Entity:
    """The entity that its edits make; their order does not matter (law 5)."""
    chain = sorted(edits, key=_number)
    for before, after in pairwise(chain):
        if before.stamp.device_id != after.stamp.device_id or _number(before) == _number(after):
            return _joined(chain)
    return Chain(chain) if chain else NOTHING


def _number(edit: Edited) -> int:
    return edit.stamp.sequence_number


def _joined(edits: Iterable[Edited]) -> Entity:
    entity = NOTHING
    for edit in edits:
        entity = entity.edited(edit.fields, edit.stamp, edit.seen)
    return entity


_BLANK = Register()
NOTHING = Entity()
Key = tuple[str, UUID]
State = Mapping[Key, Entity]


def evolve(state: State, recorded: Recorded) -> State:
    """The state of one user's entities, by (entity, id), after one more event."""
    return fold((recorded,), state)


def fold(events: Iterable[Recorded], state: State | None = None) -> State:
    """All events, one after the other."""
    changed = dict(state or {})
    for recorded in events:
        for entity, entity_id, fields in registry().changes(recorded.event):
            before = changed.get((entity, entity_id), NOTHING)
            changed[entity, entity_id] = before.edited(fields, recorded.stamp, recorded.seen)
    return changed


def join(left: State, right: State) -> State:
    """The states of two users who turned out to be one."""
    return {key: left.get(key, NOTHING).joined(right.get(key, NOTHING)) for key in left.keys() | right.keys()}
