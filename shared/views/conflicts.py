"""Conflicts: fields that devices wrote without having seen each other, until an edit that has seen them settles it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.fold import Entity
from shared.registers import Edit, Register
from shared.views.rows import Row, json_form


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


def conflict_rows(entity: str, entity_id: UUID, folded: Entity) -> list[ConflictRow]:
    """One row for each field whose register holds another value than the one that decides."""
    return [_row(entity, entity_id, field, register) for field, register in folded.contested() if register.conflicts]


def _row(entity: str, entity_id: UUID, field: str, register: Register) -> ConflictRow:
    stamp = register.heads[0].stamp
    return ConflictRow(
        entity=entity,
        entity_id=entity_id,
        field=field,
        value=json_form(register.value),
        device_id=stamp.device_id,
        sequence_number=stamp.sequence_number,
        occurred_at=stamp.occurred_at,
        others=[_other(edit) for edit in register.conflicts],
    )


def _other(edit: Edit) -> dict[str, Any]:
    return {"value": json_form(edit.value), **{name: json_form(item) for name, item in edit.stamp._asdict().items()}}
