"""What a plan of workouts looks like, and what one may ask for."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.coach.facts.claims import Claim
from shared.domains.exercises.vocabulary import Equipment, Muscle
from shared.values import Text

MOST_SETS, MOST_EXERCISES = 6, 8
Days = Annotated[int, Field(ge=1, le=6)]
Reps = Annotated[int, Field(ge=3, le=20)]
Sets = Annotated[int, Field(ge=1, le=MOST_SETS)]


class WorkoutPlanRequest(BaseModel):
    """`equipment` is what there is to train with (everything where left out); `avoid` are muscles to leave alone."""

    model_config = ConfigDict(extra="ignore")

    days_per_week: Days = 3
    goal: Annotated[Text, Field(max_length=200)] = "muscle"
    equipment: Annotated[list[Equipment], Field(max_length=30)] | None = None
    avoid: Annotated[list[Muscle], Field(max_length=20)] = []
    notes: Annotated[Text, Field(max_length=1_000)] = ""

    @property
    def reps(self) -> int:
        """The repetitions to aim at."""
        strength = any(word in self.goal.casefold() for word in ("strength", "stronger", "power"))
        return 5 if strength else 15 if "endurance" in self.goal.casefold() else 8


class ChosenExercise(BaseModel):
    """One exercise as a model proposes it. Loads are not the model's to say."""

    exercise_id: UUID
    sets: Sets
    reps: Reps


class ChosenDay(BaseModel):
    name: Annotated[Text, Field(min_length=1, max_length=60)]
    exercises: Annotated[list[ChosenExercise], Field(min_length=1, max_length=MOST_EXERCISES)]


class ChosenWeek(BaseModel):
    """A week of training, before the rules bound it."""

    days: Annotated[list[ChosenDay], Field(min_length=1, max_length=6)]


@dataclass(frozen=True, slots=True)
class PlannedExercise:
    """Each set is of so many `reps`, or of `duration_s` seconds where time is what counts.

    `weight` is what to enter and `held` how long it was done, as claims that the plan follows from; None where the log
    does not say.
    """

    exercise_id: UUID
    name: str
    sets: int
    reps: int | None
    duration_s: Decimal | None
    weight: Claim | None
    held: Claim | None

    @property
    def weight_kg(self) -> Decimal | None:
        return self.weight.value if self.weight else None

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(made for made in (self.weight, self.held) if made)


@dataclass(frozen=True, slots=True)
class PlannedDay:
    name: str
    exercises: tuple[PlannedExercise, ...]
