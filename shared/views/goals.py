"""Goals: what a user aims at."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from shared.domains.profile.events import GoalKind
from shared.fold import Entity
from shared.views.rows import Row


@dataclass(frozen=True, slots=True)
class GoalRow(Row):
    """`target` is counted in `unit`; `by` is the day until which it should be reached."""

    KEY: ClassVar = ("goal_id",)

    goal_id: UUID
    kind: GoalKind
    target: Decimal | None
    unit: str | None
    exercise_id: UUID | None
    by: date | None
    notes: str | None


def goal_row(goal_id: UUID, entity: Entity) -> GoalRow | None:
    """None where the goal is removed or not set yet."""
    if entity.removed or entity.value("kind") is None:
        return None
    return GoalRow(
        goal_id=goal_id,
        kind=entity.value("kind"),
        target=entity.value("target"),
        unit=entity.value("unit"),
        exercise_id=entity.value("exercise_id"),
        by=entity.value("by"),
        notes=entity.value("notes"),
    )
