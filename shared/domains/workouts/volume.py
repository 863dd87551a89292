"""How much a set weighs in the sums: effective load, effort, and which sets count as working and as hard."""

from decimal import Decimal

from shared.domains.workouts.events import LoadBasis, SetType, WeightUnit
from shared.units import pounds_to_kilograms, rounded

ZERO = Decimal(0)
TEN = Decimal(10)
HARD_SET_RIR = Decimal(4)
"""A working set with at most so many repetitions in reserve is a hard one."""


def weight_in_kilograms(weight: Decimal | None, unit: WeightUnit | None) -> Decimal | None:
    """The entered weight in kg; the unit is kg where none was said."""
    if weight is None or unit is not WeightUnit.LB:
        return weight
    return pounds_to_kilograms(weight)


def effective_load(
    weight_kg: Decimal | None, basis: LoadBasis | None, share: Decimal = ZERO, body_weight_kg: Decimal | None = None
) -> Decimal | None:
    """What a repetition moves, in kg, rounded to 6: external + share x body weight - assistance.

    `share` is the part of the body that the exercise moves. Where no body weight is known it counts as 0, and
    assistance can then not push the load below 0. None where a loaded set says no weight.
    """
    body = share * (body_weight_kg or ZERO)
    match basis:
        case None | LoadBasis.TOTAL:
            return weight_kg
        case LoadBasis.PER_HAND:
            return None if weight_kg is None else 2 * weight_kg
        case LoadBasis.BODYWEIGHT:
            return rounded(body + (weight_kg or ZERO))
        case LoadBasis.ASSISTED:
            return max(ZERO, rounded(body - (weight_kg or ZERO)))


def volume(reps: int | None, load_kg: Decimal | None) -> Decimal:
    """reps x load in kg, exact; 0 where one of them is missing."""
    return reps * load_kg if reps and load_kg else ZERO


def is_working(set_type: SetType | None) -> bool:
    """All but warm-ups."""
    return set_type != SetType.WARMUP


def reps_in_reserve(rpe: Decimal | None, rir: Decimal | None) -> Decimal | None:
    """RIR as entered, else from RPE; None where the effort is unknown."""
    if rir is not None:
        return rir
    return None if rpe is None else TEN - rpe


def perceived_exertion(rpe: Decimal | None, rir: Decimal | None) -> Decimal | None:
    """RPE as entered, else from RIR; None where the effort is unknown."""
    if rpe is not None:
        return rpe
    return None if rir is None else TEN - rir


def is_hard(set_type: SetType | None, reserve: Decimal | None, limit: Decimal = HARD_SET_RIR) -> bool:
    """Whether it is a working set near enough to failure; one of unknown effort is."""
    return is_working(set_type) and (reserve is None or reserve <= limit)
