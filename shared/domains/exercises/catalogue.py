"""The built-in exercises. Their ids follow from their slugs, so every device and service knows them without asking."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from uuid import UUID, uuid5

from shared.domains.exercises.names import name_key
from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle

CATALOGUE_VERSION = 1
"""Grows when exercises or aliases are added; a slug never changes and never goes away."""

NAMESPACE = UUID("7c0f4a52-9d3b-5e68-8a14-2f6b9be1d703")


@dataclass(frozen=True, slots=True)
class CatalogueExercise:
    """One built-in exercise.

    `bodyweight_share` is the part of the body's weight (0 to 1) that a repetition moves; `aliases` are the names
    under which other apps know it.
    """

    exercise_id: UUID
    slug: str
    name: str
    muscle_category: Muscle
    secondary: tuple[Muscle, ...]
    equipment: Equipment
    measure: Measure
    bodyweight_share: Decimal
    aliases: tuple[str, ...]


def catalogue_id(slug: str) -> UUID:
    """The id of the built-in exercise with this slug, for ever."""
    return uuid5(NAMESPACE, slug)


def find(name: str) -> CatalogueExercise | None:
    """The exercise with this name or alias, however it is spelled; None where the catalogue has no such thing."""
    return _by_name().get(name_key(name))


class _Catalogue(Mapping[UUID, CatalogueExercise]):
    """Reads its file when it is first asked: most processes that import this never do."""

    def __getitem__(self, exercise_id: UUID) -> CatalogueExercise:
        return _by_id()[exercise_id]

    def __iter__(self) -> Iterator[UUID]:
        return iter(_by_id())

    def __len__(self) -> int:
        return len(_by_id())


CATALOGUE: Mapping[UUID, CatalogueExercise] = _Catalogue()


@cache
def _by_id() -> dict[UUID, CatalogueExercise]:
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    exercises = map(_exercise, json.loads(text, parse_float=Decimal))
    return {exercise.exercise_id: exercise for exercise in exercises}


@cache
def _by_name() -> dict[str, CatalogueExercise]:
    exercises = _by_id().values()
    aliases = {name_key(alias): exercise for exercise in exercises for alias in exercise.aliases}
    return aliases | {name_key(exercise.name): exercise for exercise in exercises}


def _exercise(entry: Mapping[str, Any]) -> CatalogueExercise:
    return CatalogueExercise(
        exercise_id=catalogue_id(entry["slug"]),
        slug=entry["slug"],
        name=entry["name"],
        muscle_category=Muscle(entry["muscle_category"]),
        secondary=tuple(map(Muscle, entry["secondary"])),
        equipment=Equipment(entry["equipment"]),
        measure=Measure(entry["measure"]),
        bodyweight_share=Decimal(entry["bodyweight_share"]),
        aliases=tuple(entry["aliases"]),
    )
