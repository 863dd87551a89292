"""What is typed, as the fields of events."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from client.cli.opening import Log
from client.cli.output import local
from client.notation import Performed
from client.plausible import LOAD, REPETITIONS
from client.wording import harmless
from shared.domains.exercises.vocabulary import Measure
from shared.domains.profile.events import UnitSystem
from shared.domains.workouts.events import LoadBasis, WeightUnit
from shared.units import KG_PER_LB

At = Annotated[str | None, typer.Option("--at", help='When, if not now: 18:30, "2026-11-21 18:30", "10 min ago".')]


def exercise_names(incomplete: str) -> list[str]:
    """What a shell offers for the beginning of a name: exercises that were done before come first."""
    projection = Log(reading=True).projection
    done = {entity.value("exercise_id") for (kind, _), entity in projection.state.items() if kind == "set"}
    begun = incomplete.strip("\"'").casefold()
    found = [
        row for row in projection.exercises.values() if row.listed and (row.name or "").casefold().startswith(begun)
    ]
    return [row.name or "" for row in sorted(found, key=lambda row: (row.exercise_id not in done, row.name))]


class Already(Exception):
    """What was asked for is the case already, or stands in the way."""


class Contradiction(Exception):
    """Words of which some would have to be passed over."""


def given(options: Mapping[str, Any]) -> list[str]:
    """The names of those that were said."""
    return [option for option, value in options.items() if value is not None]


class Unprintable(Exception):
    """A name with control characters."""


def printable(name: str) -> str:
    """The name. Raises Unprintable."""
    if harmless(name) != name:
        raise Unprintable(f'"{harmless(name)}" has control characters in it; a name is one line of plain text')
    return name


class EndsTooSoon(Exception):
    """A workout that would end before it starts."""


def check_order(log: Log, started_at: datetime, ended_at: datetime | None) -> None:
    """Raises EndsTooSoon."""
    if ended_at is not None and ended_at < started_at:
        times = f"it starts at {local(started_at, log.zone)} and would end at {local(ended_at, log.zone)}"
        raise EndsTooSoon(f"a workout cannot end before it starts: {times}; `hypertrophy edit --started` changes that")


def check_effort(rpe: float | None, rir: float | None) -> None:
    """Raises Contradiction: an effort of 10 leaves nothing in reserve, one of 8 two repetitions."""
    if rpe is not None and rir is not None and rpe + rir != 10:
        raise Contradiction(f"--rpe {rpe:g} means --rir {10 - rpe:g}, and not {rir:g}: say one of them")


def default_unit(log: Log) -> WeightUnit:
    return WeightUnit.LB if log.projection.profile.unit_system is UnitSystem.IMPERIAL else WeightUnit.KG


def decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def measured_fields(once: Performed, measure: Measure | None, unit: WeightUnit, per_hand: bool) -> dict[str, Any]:
    """The fields that say how much was done. Raises Implausible."""
    if once.reps is not None:
        REPETITIONS.check(Decimal(once.reps))
    if once.weight is not None:
        LOAD.check(once.weight if (once.unit or unit) is WeightUnit.KG else once.weight * KG_PER_LB)
    basis = LoadBasis.PER_HAND if per_hand else once.basis(measure)
    fields = {
        "reps": once.reps,
        "weight": once.weight,
        "weight_unit": None if once.weight is None else once.unit or unit,
        "duration_s": once.duration_s,
        "distance_m": once.distance_m,
        "load_basis": basis,
    }
    return {field: value for field, value in fields.items() if value is not None}
