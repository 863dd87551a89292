"""How people write sets: `5x100`, `3x5x225lb`, `10`, `8x+20`, `60s`, `1:30`, `400m`, and plans: `3x8`. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal

from shared.domains.exercises.vocabulary import Measure
from shared.domains.workouts.events import LoadBasis, WeightUnit
from shared.units import METRES_PER_MILE

EXAMPLES = "5x100 (reps x weight), 3x5x100 (sets x reps x weight), 5x225lb, 10 (reps), 8x+20, 60s, 1:30, 400m, 40mx40"
_MOST_SETS = 50
# More than any count has, few enough for Python to read.
_MOST_DIGITS = 100
_TIMES = r"[x×*]"
_NUMBER = r"\d+(?:[.,]\d+)?"
_WEIGHT = re.compile(rf"([+-]?)({_NUMBER})\s*(kg|lbs?)?", re.IGNORECASE)
_SECONDS = re.compile(rf"({_NUMBER})\s*(s|sec|min|h)", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,3}):(?=[0-5]?\d:))?(\d{1,2}):([0-5]\d)")
_DISTANCE = re.compile(rf"({_NUMBER})\s*(m|km|mi)", re.IGNORECASE)
_SECONDS_IN = {"s": 1, "sec": 1, "min": 60, "h": 3600}
_METRES_IN = {"m": Decimal(1), "km": Decimal(1000), "mi": METRES_PER_MILE}


class Unreadable(Exception):
    """Text that is no set."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is no set; write it like {EXAMPLES}')


class UnreadablePlan(Exception):
    """Text that says not how many sets are planned."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is no plan; write it like 3x8 (sets x reps), 3x60s, 3x1:30, 4x20m, or 3 (sets)')


class TooManySets(Exception):
    """More sets in one word than anyone means."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is too many sets; at most {_MOST_SETS} are taken at once')


class UnreadableWeight(Exception):
    """Text that is no weight."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is no weight; write it like 82.5, 82.5kg or 182lb')


@dataclass(frozen=True, slots=True)
class Performed:
    """One set as it was written. `sign` of the weight is what was written before it: `+`, `-` or nothing."""

    reps: int | None = None
    weight: Decimal | None = None
    unit: WeightUnit | None = None
    sign: str = ""
    duration_s: Decimal | None = None
    distance_m: Decimal | None = None

    def basis(self, measure: Measure | None) -> LoadBasis | None:
        """What the weight is: the sign says it, else what is counted in this exercise; None for the whole load."""
        bodily = measure in (Measure.BODYWEIGHT_REPS, Measure.ASSISTED_REPS)
        if self.sign == "-" or (measure is Measure.ASSISTED_REPS and not self.sign and self.weight is not None):
            return LoadBasis.ASSISTED
        if self.sign == "+" or bodily:
            return LoadBasis.BODYWEIGHT
        return None


def read_sets(text: str) -> tuple[Performed, ...]:
    """The sets that one word of the command line stands for.

    Raises:
        Unreadable: for anything else.
        TooManySets
    """
    parts = [part.strip() for part in re.split(_TIMES, text.strip().casefold())]
    match parts:
        case [part]:
            return (_single(part, text),)
        case [first, second] if (timed := _measured(first)) is not None:
            return (_weighted(timed, second, text),)
        case [reps, weight]:
            return (_weighted(Performed(reps=_whole(reps, text)), weight, text),)
        case [sets, first, weight]:
            timed = _measured(first)
            once = _weighted(timed or Performed(reps=_whole(first, text)), weight, text)
            return (once,) * _count(sets, text)
        case _:
            raise Unreadable(text)


def read_plan(text: str) -> tuple[int, Performed]:
    """How many sets, and what each is to be: `3x8`, `3x60s`, `3`. At least one set, of something.

    Raises:
        UnreadablePlan, TooManySets
    """
    sets, *each = re.split(_TIMES, text.strip().casefold(), maxsplit=1)
    try:
        count, goal = _count(sets.strip(), text), _single(each[0].strip(), text) if each else Performed()
    except Unreadable:
        raise UnreadablePlan(text) from None
    if any(value is not None and value < 1 for value in (goal.reps, goal.duration_s, goal.distance_m)):
        raise UnreadablePlan(text)
    return count, goal


def _single(part: str, text: str) -> Performed:
    measured = _measured(part)
    return measured if measured is not None else Performed(reps=_whole(part, text))


def _measured(part: str) -> Performed | None:
    """A duration or a distance; None for what is neither."""
    if clock := _CLOCK.fullmatch(part):
        hours, minutes, seconds = (int(found or 0) for found in clock.groups())
        return Performed(duration_s=Decimal(hours * 3600 + minutes * 60 + seconds))
    if timed := _SECONDS.fullmatch(part):
        return Performed(duration_s=number(timed[1]) * _SECONDS_IN[timed[2]])
    if distance := _DISTANCE.fullmatch(part):
        return Performed(distance_m=number(distance[1]) * _METRES_IN[distance[2]])
    return None


def _weighted(performed: Performed, part: str, text: str) -> Performed:
    found = _WEIGHT.fullmatch(part)
    if found is None:
        raise Unreadable(text)
    sign, weight, unit = found.groups()
    return Performed(performed.reps, number(weight), _unit(unit), sign, performed.duration_s, performed.distance_m)


def read_weight(text: str) -> tuple[Decimal, WeightUnit | None]:
    """A weight with or without its unit. Raises UnreadableWeight."""
    found = _WEIGHT.fullmatch(text.strip().casefold())
    if found is None or found[1]:
        raise UnreadableWeight(text)
    return number(found[2]), _unit(found[3])


def _unit(text: str | None) -> WeightUnit | None:
    return None if text is None else WeightUnit.KG if text.casefold() == "kg" else WeightUnit.LB


def number(text: str) -> Decimal:
    """A decimal number, with a point or a comma."""
    return Decimal(text.replace(",", "."))


def _whole(part: str, text: str) -> int:
    if not part.isdecimal() or len(part) > _MOST_DIGITS:
        raise Unreadable(text)
    return int(part)


def _count(part: str, text: str) -> int:
    count = _whole(part, text)
    if count < 1:
        raise Unreadable(text)
    if count > _MOST_SETS:
        raise TooManySets(text)
    return count
