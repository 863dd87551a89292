"""What users say about exercises."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle
from shared.registry import DomainEvent
from shared.values import Name, no_nul

LONGEST_WORD = 64


def _known_or_other(vocabulary: type[StrEnum]) -> BeforeValidator:
    """A newer client may know more words than we do: they are `other` here, not a reason to refuse the event."""
    known = {str(word) for word in vocabulary}

    def validate(value: Any) -> Any:
        if not isinstance(value, str) or value in known:
            return value
        if len(value) > LONGEST_WORD:
            raise ValueError(f"must have at most {LONGEST_WORD} characters")
        no_nul(value)
        # As people and other apps write them: `Chest`, `Full Body`.
        word = value.strip().lower().replace(" ", "_")
        return word if word in known else "other"

    return BeforeValidator(validate)


MuscleCategory = Annotated[Muscle, _known_or_other(Muscle)]
EquipmentKind = Annotated[Equipment, _known_or_other(Equipment)]
MeasureKind = Annotated[Measure, _known_or_other(Measure)]
SecondaryMuscles = Annotated[list[MuscleCategory], Field(max_length=20)]


class ExerciseDefined(DomainEvent):
    event_type: ClassVar[str] = "ExerciseDefined"
    exercise_id: UUID
    name: Name
    muscle_category: MuscleCategory
    secondary: SecondaryMuscles | None = None
    equipment: EquipmentKind | None = None
    measure: MeasureKind | None = None


class ExerciseUpdated(DomainEvent):
    event_type: ClassVar[str] = "ExerciseUpdated"
    exercise_id: UUID
    name: Name | None = None
    muscle_category: MuscleCategory | None = None
    secondary: SecondaryMuscles | None = None
    equipment: EquipmentKind | None = None
    measure: MeasureKind | None = None


class ExerciseArchived(DomainEvent):
    event_type: ClassVar[str] = "ExerciseArchived"
    exercise_id: UUID


class ExerciseRestored(DomainEvent):
    event_type: ClassVar[str] = "ExerciseRestored"
    exercise_id: UUID


class ExercisesMerged(DomainEvent):
    event_type: ClassVar[str] = "ExercisesMerged"
    from_id: UUID
    into_id: UUID


class ExercisesSplit(DomainEvent):
    event_type: ClassVar[str] = "ExercisesSplit"
    from_id: UUID


ExerciseEvent = (
    ExerciseDefined | ExerciseUpdated | ExerciseArchived | ExerciseRestored | ExercisesMerged | ExercisesSplit
)
EVENTS: tuple[type[ExerciseEvent], ...] = (
    ExerciseDefined,
    ExerciseUpdated,
    ExerciseArchived,
    ExerciseRestored,
    ExercisesMerged,
    ExercisesSplit,
)
