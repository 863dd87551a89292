"""Exercises: what a user added to or changed in the built-in catalogue, and which exercise stands for which."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import ClassVar
from uuid import UUID

from shared.domains.exercises.catalogue import CATALOGUE, CatalogueExercise
from shared.domains.exercises.fold import MERGED_INTO, representatives
from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle
from shared.fold import Entity
from shared.views.rows import Row

NO_SHARE = Decimal(0)


@dataclass(frozen=True, slots=True)
class ExerciseRow(Row):
    """An exercise that a user's events speak of, or one of the catalogue.

    `name` is None for an exercise that nobody has defined yet. `merged_into` is the exercise that stands for this one
    (merges followed to their end), None where it stands for itself.
    """

    KEY: ClassVar = ("exercise_id",)

    exercise_id: UUID
    name: str | None
    muscle_category: Muscle | None
    secondary: list[Muscle]
    equipment: Equipment | None
    measure: Measure | None
    custom: bool
    archived: bool = False
    merged_into: UUID | None = None

    @property
    def listed(self) -> bool:
        """Whether it belongs in the list of exercises to choose from."""
        return self.name is not None and not self.archived and self.merged_into is None

    def muscles(self) -> Mapping[Muscle, Decimal]:
        """How much of a set each muscle gets: the trained one 1, secondary ones a half."""
        halves = dict.fromkeys(self.secondary, Decimal("0.5"))
        return {**halves, self.muscle_category: Decimal(1)} if self.muscle_category else halves


def exercise_rows(entities: Mapping[UUID, Entity]) -> list[ExerciseRow]:
    """A user's rows, from all of the user's exercise entities: one row each, catalogue exercises only where touched."""
    merges = {exercise_id: entity.value(MERGED_INTO) for exercise_id, entity in entities.items()}
    standing = representatives({exercise_id: into for exercise_id, into in merges.items() if into is not None})
    return [_row(exercise_id, entity, standing.get(exercise_id)) for exercise_id, entity in entities.items()]


def _row(exercise_id: UUID, entity: Entity, stands_for_it: UUID | None) -> ExerciseRow:
    base = catalogue_row(exercise_id) or undefined_row(exercise_id)
    secondary: list[Muscle] | None = entity.value("secondary")
    return ExerciseRow(
        exercise_id=exercise_id,
        name=entity.value("name") or base.name,
        muscle_category=entity.value("muscle_category") or base.muscle_category,
        secondary=base.secondary if secondary is None else secondary,
        equipment=entity.value("equipment") or base.equipment,
        measure=entity.value("measure") or base.measure,
        custom=base.custom,
        archived=entity.removed,
        merged_into=None if stands_for_it == exercise_id else stands_for_it,
    )


def undefined_row(exercise_id: UUID) -> ExerciseRow:
    """An exercise of which nothing is known but its id."""
    return ExerciseRow(exercise_id, None, None, [], None, None, custom=True)


def catalogue_row(exercise_id: UUID) -> ExerciseRow | None:
    """The built-in exercise with this id, as nobody has touched it."""
    return _catalogue_rows().get(exercise_id)


@cache
def _catalogue_rows() -> dict[UUID, ExerciseRow]:
    return {exercise.exercise_id: _built_in(exercise) for exercise in CATALOGUE.values()}


def _built_in(exercise: CatalogueExercise) -> ExerciseRow:
    return ExerciseRow(
        exercise_id=exercise.exercise_id,
        name=exercise.name,
        muscle_category=exercise.muscle_category,
        secondary=list(exercise.secondary),
        equipment=exercise.equipment,
        measure=exercise.measure,
        custom=False,
    )


class Exercises(Mapping[UUID, ExerciseRow]):
    """All exercises that a user can mean: the user's own rows before those of the catalogue."""

    def __init__(self, rows: Iterable[ExerciseRow] = ()) -> None:
        self._rows = {row.exercise_id: row for row in rows}

    def __getitem__(self, exercise_id: UUID) -> ExerciseRow:
        row = self._rows.get(exercise_id) or catalogue_row(exercise_id)
        if row is None:
            raise KeyError(exercise_id)
        return row

    def __iter__(self) -> Iterator[UUID]:
        return iter(_catalogue_rows().keys() | self._rows.keys())

    def __len__(self) -> int:
        return len(_catalogue_rows().keys() | self._rows.keys())

    def standing_for(self, exercise_id: UUID) -> UUID:
        """The exercise under which sets of this one are shown."""
        row = self._rows.get(exercise_id)
        return (row and row.merged_into) or exercise_id

    def bodyweight_share(self, exercise_id: UUID) -> Decimal:
        """The part of the body's weight that a repetition moves.

        It is that of the exercise that stands for this one, else (merged into one of the user's own) that of the
        exercise itself; 0 where the catalogue has neither.
        """
        built_in = CATALOGUE.get(self.standing_for(exercise_id)) or CATALOGUE.get(exercise_id)
        return built_in.bodyweight_share if built_in else NO_SHARE
