"""Templates are saved whole: the list of exercises is one field."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.domains.workouts.events import SetType, SupersetId, Target
from shared.registry import DomainEvent
from shared.values import Count, Measure, Name, Notes, Strict

MOST_SETS = 1_000
"""So many sets, listed one by one, a plan may have."""


class PlannedSet(Target):
    """One set of a plan."""

    set_type: SetType | None = None


class PlannedExercise(Strict):
    """One exercise of a plan: either how many sets, or each of them."""

    exercise_id: UUID
    name: Name | None = None
    sets: Count | Annotated[list[PlannedSet], Field(max_length=100)] | None = None
    reps: Count | None = None
    weight: Measure | None = None
    target: Target | None = None
    rest_s: Measure | None = None
    superset_id: SupersetId | None = None
    notes: Notes | None = None


def _few_sets(value: Any) -> Any:
    """Looked at before the sets are made: thousands of empty ones fit into a small event."""
    planned = value if isinstance(value, list) else ()
    sets = (one.get("sets") for one in planned if isinstance(one, Mapping))
    if sum(len(listed) for listed in sets if isinstance(listed, list)) > MOST_SETS:
        raise ValueError(f"must hold at most {MOST_SETS} sets")
    return value


class TemplateSaved(DomainEvent):
    event_type: ClassVar[str] = "TemplateSaved"
    template_id: UUID
    name: Name
    exercises: Annotated[list[PlannedExercise], Field(max_length=200), BeforeValidator(_few_sets)]
    notes: Notes | None = None


class TemplateRemoved(DomainEvent):
    event_type: ClassVar[str] = "TemplateRemoved"
    template_id: UUID


class TemplateRestored(DomainEvent):
    event_type: ClassVar[str] = "TemplateRestored"
    template_id: UUID


TemplateEvent = TemplateSaved | TemplateRemoved | TemplateRestored
EVENTS: tuple[type[TemplateEvent], ...] = (TemplateSaved, TemplateRemoved, TemplateRestored)
