"""Estimated one-rep maximum from a load and the repetitions done with it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from shared.domains.workouts.events import SetType
from shared.units import rounded

RELIABLE_REPS = 12
"""Estimates from more repetitions are of low confidence and set no record."""

_UNFIT = frozenset({SetType.WARMUP, SetType.DROP, SetType.PARTIAL})
_HUNDRED = Decimal(100)


class Formula(StrEnum):
    """Who published it. Epley is what records and progress are made with."""

    EPLEY = "epley"
    BRZYCKI = "brzycki"
    LOMBARDI = "lombardi"
    OCONNER = "oconner"
    MAYHEW = "mayhew"
    WATHAN = "wathan"
    LANDER = "lander"


def _brzycki(load: Decimal, reps: Decimal) -> Decimal | None:
    return 36 * load / (37 - reps) if reps < 37 else None


def _lander(load: Decimal, reps: Decimal) -> Decimal | None:
    percent = Decimal("101.3") - Decimal("2.67123") * reps
    return _HUNDRED * load / percent if percent > 0 else None


def _exponential(base: str, factor: str, rate: str) -> Callable[[Decimal, Decimal], Decimal]:
    constant, scale, slope = Decimal(base), Decimal(factor), Decimal(rate)
    return lambda load, reps: _HUNDRED * load / (constant + scale * (slope * reps).exp())


_FORMULAS: Mapping[Formula, Callable[[Decimal, Decimal], Decimal | None]] = {
    Formula.EPLEY: lambda load, reps: load * (30 + reps) / 30,
    Formula.BRZYCKI: _brzycki,
    Formula.LOMBARDI: lambda load, reps: load * reps ** Decimal("0.10"),
    Formula.OCONNER: lambda load, reps: load * (1 + Decimal("0.025") * reps),
    Formula.MAYHEW: _exponential("52.2", "41.9", "-0.055"),
    Formula.WATHAN: _exponential("48.8", "53.8", "-0.075"),
    Formula.LANDER: _lander,
}


@lru_cache(maxsize=10_000)
def one_rep_max(load_kg: Decimal, reps: Decimal | int, formula: Formula = Formula.EPLEY) -> Decimal | None:
    """kg, rounded to 6. `reps` may be fractional (half a repetition in reserve). One repetition is the load itself.

    None without repetitions or load, and beyond a formula's pole.
    """
    if reps <= 0 or load_kg <= 0:
        return None
    estimate = load_kg if reps == 1 else _FORMULAS[formula](load_kg, Decimal(reps))
    return None if estimate is None else rounded(estimate)


def possible_reps(reps: int | None, reserve: Decimal | None) -> Decimal | None:
    """How many repetitions the set was good for: those done and those in reserve. None where none was done."""
    return Decimal(reps) + (reserve or 0) if reps else None


def estimates_strength(set_type: SetType | None) -> bool:
    """Whether a set of this type can tell a one-rep maximum: warm-ups, drops and partials cannot."""
    return set_type not in _UNFIT


def is_reliable(possible: Decimal) -> bool:
    """Whether an estimate from so many possible repetitions may set a record."""
    return possible <= RELIABLE_REPS
