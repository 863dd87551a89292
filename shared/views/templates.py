"""Templates: workouts that a user means to do again."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from shared.fold import Entity
from shared.views.rows import Row, json_form


@dataclass(frozen=True, slots=True)
class TemplateRow(Row):
    """`exercises` is the plan in JSON form, as it was saved."""

    KEY: ClassVar = ("template_id",)

    template_id: UUID
    name: str
    exercises: list[dict[str, Any]]
    notes: str | None


def template_row(template_id: UUID, entity: Entity) -> TemplateRow | None:
    """None where the template is removed or not saved yet."""
    if entity.removed or entity.value("name") is None:
        return None
    return TemplateRow(
        template_id=template_id,
        name=entity.value("name"),
        exercises=json_form(entity.value("exercises") or []),
        notes=entity.value("notes"),
    )
