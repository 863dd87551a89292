"""Conflicts: what devices said of one thing without having seen each other, until an edit that has seen it settles it.

A removal says something of all that it hides. Who edits a thing, or logs a set into a workout, holds that it is there:
where neither had seen the other, the removal is in conflict, and nothing that was logged goes out of sight in silence.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, ClassVar
from uuid import UUID

from shared.fold import Entity, Key, State
from shared.registers import Edit, Register
from shared.registry import REMOVED
from shared.views.rows import Row, json_form
from shared.views.sets import is_logged


@dataclass(frozen=True, slots=True)
class ConflictRow(Row):
    """A field of an entity with the value that decides, by whom it was written, and the other values in JSON form.

    `others` are `{value, device_id, sequence_number, occurred_at}`, the latest first.
    """

    KEY: ClassVar = ("entity", "entity_id", "field")

    entity: str
    entity_id: UUID
    field: str
    value: Any
    device_id: UUID
    sequence_number: int
    occurred_at: datetime
    others: list[dict[str, Any]]


def conflicts_of(state: State) -> list[ConflictRow]:
    """All conflicts of one user, those of one entity after each other."""
    hidden = _hidden(state)
    return [row for key, folded in state.items() for row in conflict_rows(*key, folded, hidden.get(key, ()))]


def conflict_rows(entity: str, entity_id: UUID, folded: Entity, hidden: Iterable[Entity] = ()) -> list[ConflictRow]:
    """One row for each field of which devices say different things.

    `hidden` are the sets of a workout that is removed.
    """
    others = {field: [*register.conflicts] for field, register in folded.contested() if register.conflicts}
    if folded.removed and (hides := [*_hides(folded, hidden)]) and (against := _against(folded.fields[REMOVED], hides)):
        others[REMOVED] = against
    return [_row(entity, entity_id, field, folded.fields[field], edits) for field, edits in others.items()]


def _hidden(state: State) -> Mapping[Key, list[Entity]]:
    """The sets of removed workouts, by workout."""
    found: Mapping[Key, list[Entity]] = {
        key: [] for key, folded in state.items() if key[0] == "workout" and folded.removed
    }
    sets = (folded for (kind, _), folded in state.items() if kind == "set") if found else ()
    for folded in sets:
        workout = "workout", folded.value("workout_id")
        if workout in found and is_logged(folded.values()):
            found[workout].append(folded)
    return found


def _hides(folded: Entity, hidden: Iterable[Entity]) -> Iterator[Register]:
    """What a removal hides: the entity's other fields, and all of what goes with it."""
    for entity in (folded, *hidden):
        # A device has seen what it said itself.
        if entity.author is None or entity.author != folded.author:
            yield from (register for name, register in entity.fields.items() if entity is not folded or name != REMOVED)


def _against(removal: Register, hides: Iterable[Register]) -> list[Edit]:
    """Each device's latest edit of what a removal hides, where neither had seen the other; the latest first."""
    stamps = [edit.stamp for edit in removal.conflicts]
    for register in hides:
        if not any(register.has_seen(head.stamp) for head in removal.heads if head.value):
            stamps += [head.stamp for head in register.heads if not removal.has_seen(head.stamp)]
    latest = {stamp.device_id: stamp for stamp in sorted(stamps, key=attrgetter("sequence_number"))}
    return [Edit(stamp, False) for stamp in sorted(latest.values(), reverse=True)]


def _row(entity: str, entity_id: UUID, field: str, register: Register, others: Iterable[Edit]) -> ConflictRow:
    stamp = register.heads[0].stamp
    return ConflictRow(
        entity=entity,
        entity_id=entity_id,
        field=field,
        value=json_form(register.value),
        device_id=stamp.device_id,
        sequence_number=stamp.sequence_number,
        occurred_at=stamp.occurred_at,
        others=[_other(edit) for edit in others],
    )


def _other(edit: Edit) -> dict[str, Any]:
    return {"value": json_form(edit.value), **{name: json_form(item) for name, item in edit.stamp._asdict().items()}}
