"""evolve: the pure fold of recorded events into entities. Any interleaving gives the same state (law 5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
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


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing of one user: a register for each field that was ever written."""

    fields: Mapping[str, Register] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """The field's value; None where nothing was ever written."""
        register = self.fields.get(name)
        return register.value if register else None

    def values(self) -> dict[str, Any]:
        """All fields' values."""
        return {name: heads[0].value if heads else None for name, (heads, _) in self.fields.items()}

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
