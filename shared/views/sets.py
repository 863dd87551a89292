"""Sets: what was done, what it weighed, and what it says of strength."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from shared.domains.workouts.events import LoadBasis, SetType, Side, WeightUnit
from shared.domains.workouts.status import WorkoutStatus
from shared.domains.workouts.strength import estimates_strength, is_reliable, one_rep_max, possible_reps
from shared.domains.workouts.volume import (
    effective_load,
    is_working,
    reps_in_reserve,
    volume,
    weight_in_kilograms,
)
from shared.fold import Entity
from shared.registry import REMOVED
from shared.views.exercises import Exercises
from shared.views.measurements import BodyWeights
from shared.views.rows import Row, json_form, row_of_many

BODY_BASES = frozenset({LoadBasis.BODYWEIGHT, LoadBasis.ASSISTED})
"""The load bases for which the body's weight matters."""


@row_of_many
class SetRow(Row):
    """A set that is not removed.

    `exercise_id` is the exercise under which it is shown (merges followed), `logged_exercise_id` the one it was logged
    with. `weight` is the entered weight in kg, `load_kg` what a repetition moved, `volume_kg` reps x load (warm-ups
    too: sums leave them out). `e1rm_kg` is Epley's estimate, `low_confidence` from more than 12 possible repetitions.
    `workout_status` is None as long as the workout is not known: such a set waits, shown and counted nowhere.
    """

    KEY: ClassVar = ("set_id",)

    set_id: UUID
    workout_id: UUID
    workout_status: WorkoutStatus | None
    exercise_id: UUID
    logged_exercise_id: UUID
    completed_at: datetime
    reps: int | None
    weight: Decimal | None
    entered: dict[str, Any] | None
    set_type: SetType
    to_failure: bool | None
    rpe: Decimal | None
    rir: Decimal | None
    duration_s: Decimal | None
    distance_m: Decimal | None
    rest_s: Decimal | None
    superset_id: str | int | None
    parent_set_id: UUID | None
    load_basis: LoadBasis
    side: Side | None
    target: dict[str, Any] | None
    notes: str | None
    load_kg: Decimal | None
    volume_kg: Decimal
    e1rm_kg: Decimal | None
    low_confidence: bool

    @property
    def shown(self) -> bool:
        """Whether its workout is there."""
        return self.workout_status is not None

    @property
    def counted(self) -> bool:
        """Whether it counts in weeks, records and progress: its workout is there and not discarded."""
        return self.workout_status is not None and self.workout_status != WorkoutStatus.DISCARDED

    @property
    def working(self) -> bool:
        """Whether it is no warm-up."""
        return is_working(self.set_type)

    @property
    def reserve(self) -> Decimal | None:
        """Repetitions in reserve, from RIR or RPE; None where the effort is unknown."""
        return reps_in_reserve(self.rpe, self.rir)


def is_logged(value: Mapping[str, Any]) -> bool:
    """Whether the values are of a set that is there: completed (a correction may come first) and not removed."""
    get = value.get
    logged = get("workout_id") is not None and get("exercise_id") is not None and get("completed_at") is not None
    return logged and not get(REMOVED)


def set_row(
    set_id: UUID, entity: Entity, workout: WorkoutStatus | None, exercises: Exercises, weights: BodyWeights
) -> SetRow | None:
    """None where it is not logged.

    `workout` is the status of the set's workout, None where it is not known.
    """
    value = entity.values()
    if not is_logged(value):
        return None
    get = value.get
    logged, completed_at, target = value["exercise_id"], value["completed_at"], get("target")
    weight = weight_in_kilograms(get("weight"), get("weight_unit"))
    basis: LoadBasis = get("load_basis") or LoadBasis.TOTAL
    load = _load(weight, basis, logged, completed_at, exercises, weights)
    e1rm, low_confidence = _strength(value, load)
    return SetRow(
        set_id=set_id,
        workout_id=value["workout_id"],
        workout_status=workout,
        exercise_id=exercises.standing_for(logged),
        logged_exercise_id=logged,
        completed_at=completed_at,
        reps=get("reps"),
        weight=weight,
        entered=_entered(value),
        set_type=get("set_type") or SetType.NORMAL,
        to_failure=get("to_failure"),
        rpe=get("rpe"),
        rir=get("rir"),
        duration_s=get("duration_s"),
        distance_m=get("distance_m"),
        rest_s=get("rest_s"),
        superset_id=get("superset_id"),
        parent_set_id=get("parent_set_id"),
        load_basis=basis,
        side=get("side"),
        target=None if target is None else json_form(target),
        notes=get("notes"),
        load_kg=load,
        volume_kg=volume(get("reps"), load),
        e1rm_kg=e1rm,
        low_confidence=low_confidence,
    )


def _load(
    weight: Decimal | None,
    basis: LoadBasis,
    logged: UUID,
    completed_at: datetime,
    exercises: Exercises,
    weights: BodyWeights,
) -> Decimal | None:
    if basis not in BODY_BASES:
        return effective_load(weight, basis)
    return effective_load(weight, basis, exercises.bodyweight_share(logged), weights.at(completed_at))


def _strength(value: Mapping[str, Any], load: Decimal | None) -> tuple[Decimal | None, bool]:
    """The estimated one-rep maximum, and whether it is of low confidence."""
    possible = possible_reps(value.get("reps"), reps_in_reserve(value.get("rpe"), value.get("rir")))
    if possible is None or load is None or not estimates_strength(value.get("set_type")):
        return None, False
    estimate = one_rep_max(load, possible)
    return estimate, estimate is not None and not is_reliable(possible)


def _entered(value: Mapping[str, Any]) -> dict[str, Any] | None:
    weight = value.get("weight")
    if weight is None:
        return None
    return {"weight": json_form(weight), "unit": json_form(value.get("weight_unit") or WeightUnit.KG)}
