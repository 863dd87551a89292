"""The oracle: every fact that was logged, where it still is, and what all facts of a person come to.

It knows neither sequences nor vectors nor devices: only who had seen what when he logged.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.fold import Entity, Key, State
from shared.registers import Edit, Register, Stamp
from shared.registry import DomainEvent, registry
from shared.views.rows import json_form

NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Fact:
    """One thing that was logged; its `moment` names it, since no two facts have the same.

    `saw` are the facts that its owner could see on the phone just then.
    """

    moment: str
    email: str
    phone: str
    event: DomainEvent
    payload: str
    saw: frozenset[str]

    @property
    def content(self) -> tuple[str, Any]:
        return self.event.event_type, json.loads(self.payload)

    @property
    def valid(self) -> bool:
        try:
            registry().parse(self.event.event_type, self.event.schema_version, json.loads(self.payload))
        except ValidationError:
            return False
        return True


@dataclass
class Model:
    """`owed` are the facts that must be there in the end: those that were never without any place that keeps them."""

    facts: dict[str, Fact] = field(default_factory=dict)
    owed: set[str] = field(default_factory=set)

    def logged(self, fact: Fact) -> None:
        self.facts[fact.moment] = fact
        self.owed.add(fact.moment)

    def only(self, held: Iterable[str]) -> None:
        """After a disk was lost: what nobody holds any more is owed by nobody."""
        self.owed &= set(held)

    def state(self, moments: Iterable[str]) -> State:
        """What these facts come to where every edit is known to have seen what it saw."""
        writes: dict[tuple[Key, str], list[tuple[Fact, Any]]] = {}
        for fact in (self.facts[moment] for moment in sorted(set(moments))):
            for entity, entity_id, fields in registry().changes(fact.event):
                for name, value in fields.items():
                    writes.setdefault(((entity, entity_id), name), []).append((fact, value))
        fields_of: dict[Key, dict[str, Register]] = {}
        for (key, name), found in writes.items():
            fields_of.setdefault(key, {})[name] = _register(found)
        return {key: Entity(fields) for key, fields in fields_of.items()}


def _register(writes: Iterable[tuple[Fact, Any]]) -> Register:
    found = list(writes)
    seen = {moment for fact, _ in found for moment in fact.saw}
    heads = [Edit(_stamp(fact), value) for fact, value in found if fact.moment not in seen]
    return Register(tuple(sorted(heads, key=lambda edit: edit.stamp, reverse=True)), {})


def _stamp(fact: Fact) -> Stamp:
    return Stamp(datetime.fromisoformat(fact.moment), NOBODY, 1)


def plainly(state: State) -> Mapping[str, Mapping[str, list[Any]]]:
    """The values of all heads by entity and field, the deciding one first and each once: comparable across devices."""
    return {
        f"{entity} {entity_id}": {name: _values(register) for name, register in sorted(folded.fields.items())}
        for (entity, entity_id), folded in sorted(state.items())
    }


def _values(register: Register) -> list[Any]:
    values = [json_form(edit.value) for edit in register.heads]
    return [value for at, value in enumerate(values) if value not in values[:at]]
