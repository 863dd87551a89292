"""Claims: numbers that can be worked out again from the rows they cite."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.coach.facts.derived import daily, planned_weight
from services.coach.facts.log import TrainingLog
from shared.domains.workouts.volume import ZERO, is_hard, perceived_exertion
from shared.units import pounds_to_kilograms, rounded
from shared.values import plain
from shared.views.goals import GoalRow
from shared.views.measurements import MeasurementRow
from shared.views.sets import SetRow
from shared.views.workouts import WorkoutRow

POUNDS = frozenset({"lb", "lbs", "pound", "pounds"})


class Kind(StrEnum):
    """What can be cited. Workouts are cited by themselves only where they hold no set."""

    SET = "set"
    MEASUREMENT = "measurement"
    WORKOUT = "workout"
    GOAL = "goal"


class Rule(StrEnum):
    """How the number follows from the cited rows' quantities. `change` is the last less the first."""

    VALUE = "value"
    COUNT = "count"
    SUM = "sum"
    MAX = "max"
    MEAN = "mean"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Cited:
    """One row of the user's log."""

    kind: Kind
    id: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """A number with its origin: `rule` over the `quantity` of each cited row.

    `quantity` is `sets`, a number of a set (`volume_kg`, `e1rm_kg`, `load_kg`, `reps`, `rpe`), `hard.<muscle>`,
    `hard.<muscle>.<weeks>` (its part of a week's average over so many), `workouts`, `minutes` (of the set's workout),
    `planned.<reps>` (the weight to plan), a number of a measurement, what a plan derives from it (`kcal.<goal>`,
    `protein_g`, `fat_g`), or a goal's `target` (`target_kg` where it is in pounds).
    """

    label: str
    value: Decimal
    unit: str
    quantity: str
    rule: Rule
    cited: tuple[Cited, ...]

    @property
    def shown(self) -> str:
        """The number as it is written in answers."""
        return shown(self.value)


def shown(value: Decimal) -> str:
    """At most one decimal, none where it is 0."""
    text = f"{value.quantize(Decimal('0.1')):f}".removesuffix(".0")
    return "0" if text == "-0" else text


def claim(label: str, unit: str, quantity: str, rule: Rule, cited: Iterable[Cited], log: TrainingLog) -> Claim | None:
    """The claim with the number that the log gives; None where the rows give none."""
    rows = tuple(cited)
    value = worked_out(quantity, rule, rows, log)
    return None if value is None else Claim(label, value, unit, quantity, rule, rows)


def holds(made: Claim, log: TrainingLog) -> bool:
    """Whether the number follows from the cited rows as they are now."""
    return worked_out(made.quantity, made.rule, made.cited, log) == made.value


def worked_out(quantity: str, rule: Rule, cited: Sequence[Cited], log: TrainingLog) -> Decimal | None:
    """The number; None where a cited row is not in the log or has no such quantity."""
    values = [quantity_of(row, quantity, log) for row in cited]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    match rule:
        case Rule.VALUE:
            return known[0] if len(known) == 1 else None
        case Rule.COUNT:
            return Decimal(len(known))
        case Rule.SUM:
            return sum(known, ZERO)
        case Rule.MAX:
            return max(known)
        case Rule.MEAN:
            return rounded(sum(known, ZERO) / len(known))
        case Rule.CHANGE:
            return known[-1] - known[0]


def quantity_of(cited: Cited, quantity: str, log: TrainingLog) -> Decimal | None:
    """What a cited row contributes; None where it is not in the log or says nothing of it."""
    match cited.kind:
        case Kind.SET:
            done = log.set_of(cited.id)
            return None if done is None else _of_set(done, quantity, log)
        case Kind.MEASUREMENT:
            measured = log.measurement_by_id.get(cited.id)
            return None if measured is None else _of_measurement(measured, quantity)
        case Kind.WORKOUT:
            workout = log.workout_by_id.get(cited.id)
            return None if workout is None else _of_workout(workout, quantity)
        case Kind.GOAL:
            goal = log.goal_by_id.get(cited.id)
            return None if goal is None else _of_goal(goal, quantity)


def _of_set(row: SetRow, quantity: str, log: TrainingLog) -> Decimal | None:
    match quantity.split("."):
        case ["sets"]:
            return Decimal(1)
        case ["hard"]:
            return Decimal(is_hard(row.set_type, row.reserve))
        case ["hard", muscle]:
            return hard_for(row, muscle, log)
        case ["hard", muscle, weeks]:
            return rounded(hard_for(row, muscle, log) / int(weeks))
        case ["rpe"]:
            return perceived_exertion(row.rpe, row.rir)
        case ["planned", reps]:
            return planned_weight(row, int(reps))
        case ["workouts" | "minutes"]:
            return _of_workout(log.workout_by_id[row.workout_id], quantity)
        case _:
            return _number(row, quantity)


def _of_measurement(row: MeasurementRow, quantity: str) -> Decimal | None:
    derived = daily(row, quantity)
    return _number(row, quantity) if derived is None else derived


def hard_for(row: SetRow, muscle: str, log: TrainingLog) -> Decimal:
    """How much of a hard set for this muscle the set is: 1, a half or nothing."""
    part = log.muscles(row.exercise_id).get(muscle, ZERO)
    return part if part and is_hard(row.set_type, row.reserve) else ZERO


def _of_workout(row: WorkoutRow, quantity: str) -> Decimal | None:
    if quantity == "workouts":
        return Decimal(1)
    return None if quantity != "minutes" or row.duration_s is None else rounded(row.duration_s / 60)


def _of_goal(row: GoalRow, quantity: str) -> Decimal | None:
    if quantity == "target_kg":
        return pounds_to_kilograms(row.target) if row.target and in_pounds(row) else None
    return _number(row, quantity)


def in_pounds(goal: GoalRow) -> bool:
    """Units of goals are written as people like."""
    return (goal.unit or "").casefold().strip(" .") in POUNDS


def _number(row: Any, name: str) -> Decimal | None:
    value = getattr(row, name, None)
    return Decimal(value) if isinstance(value, (Decimal, int)) else None


def evidence(claims: Iterable[Claim], log: TrainingLog) -> list[dict[str, Any]]:
    """Every cited row with what it contributes, once for each quantity: `{kind, id, value, quantity}`."""
    found = {(made.quantity, row.kind, row.id.int): row for made in claims for row in made.cited}
    return [
        {
            "kind": row.kind.value,
            "id": str(row.id),
            "value": None if (value := quantity_of(row, quantity, log)) is None else plain(value),
            "quantity": quantity,
        }
        for (quantity, _, _), row in found.items()
    ]


def claims_json(claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """Claims as answers and reports carry them, numbered from 1."""
    return [_claim_json(made, number) for number, made in enumerate(claims, start=1)]


def _claim_json(made: Claim, number: int) -> dict[str, Any]:
    return {
        "id": f"f{number}",
        "label": made.label,
        "value": plain(made.value),
        "unit": made.unit,
        "quantity": made.quantity,
        "rule": made.rule.value,
        "evidence": [{"kind": row.kind.value, "id": str(row.id)} for row in made.cited],
    }
