"""Weekly metrics: how much, how hard, and how steadily."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from shared.domains.workouts.volume import ZERO
from shared.domains.workouts.weeks import Calendar
from shared.units import rounded
from shared.views.exercises import Exercises
from shared.views.measurements import MeasurementRow
from shared.views.rows import Row
from shared.views.workouts import WorkoutRow

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class WeeklyRow(Row):
    """A week that holds a workout or a measurement.

    `sets` and everything about them leave warm-ups out; `average_rpe` is over sets of known effort. `weighed_kg` is
    the average of the week's own weighings, `body_weight_kg` the same or, without any, that of the last week before.
    `streak_weeks` counts the weeks in a row with a workout, this one included; 0 where it has none.
    """

    KEY: ClassVar = ("week",)

    week: str
    week_start: date
    workouts: int
    sets: int
    hard_sets: dict[str, Decimal]
    tonnage_kg: Decimal
    duration_s: Decimal
    average_rpe: Decimal | None
    weighed_kg: Decimal | None
    body_weight_kg: Decimal | None
    streak_weeks: int


def weekly_row(
    week: str,
    workouts: Iterable[WorkoutRow],
    measurements: Iterable[MeasurementRow],
    exercises: Exercises,
    calendar: Calendar,
) -> WeeklyRow | None:
    """One week from its workouts and its measurements; what does not count is left out here.

    None where nothing is in it. The streak and the weight of weeks without weighing come from `carried`.
    """
    counted = [workout for workout in workouts if workout.counted]
    weighings = list(measurements)
    if not counted and not weighings:
        return None
    weights = [row.weight_kg for row in weighings if row.weight_kg]
    rated = sum(workout.rpe_sets for workout in counted)
    return WeeklyRow(
        week=week,
        week_start=calendar.first_day(week),
        workouts=len(counted),
        sets=sum(workout.working_sets for workout in counted),
        hard_sets=_hard_sets(counted, exercises),
        tonnage_kg=sum((workout.tonnage_kg for workout in counted), ZERO),
        duration_s=sum((workout.duration_s for workout in counted if workout.duration_s), ZERO),
        average_rpe=rounded(sum((workout.rpe_sum for workout in counted), ZERO) / rated) if rated else None,
        weighed_kg=_average(weights),
        body_weight_kg=_average(weights),
        streak_weeks=1 if counted else 0,
    )


def carried(rows: Iterable[WeeklyRow], before: WeeklyRow | None = None) -> list[WeeklyRow]:
    """Weeks of a user, oldest first, with what each takes over from those before: the streak and the weight.

    `before` is the week, with what it took over, that precedes them; None where they are all weeks of the user.
    """
    result: list[WeeklyRow] = []
    for row in sorted(rows, key=lambda row: row.week_start):
        result.append(_after(result[-1] if result else before, row))
    return result


def _after(before: WeeklyRow | None, row: WeeklyRow) -> WeeklyRow:
    follows = before is not None and row.week_start - before.week_start == _WEEK
    earlier = before.streak_weeks if before and follows else 0
    weight = before.body_weight_kg if before and row.weighed_kg is None else row.weighed_kg
    return replace(row, streak_weeks=earlier + 1 if row.workouts else 0, body_weight_kg=weight)


def _hard_sets(workouts: Iterable[WorkoutRow], exercises: Exercises) -> dict[str, Decimal]:
    """Sets by muscle: whole ones for the muscle trained, halves for secondary ones."""
    hard: Counter[str] = Counter()
    for workout in workouts:
        hard.update(workout.hard_sets)
    found: dict[str, Decimal] = {}
    for exercise_id, count in hard.items():
        exercise = exercises.get(UUID(exercise_id))
        for muscle, part in (exercise.muscles() if exercise else {}).items():
            found[muscle.value] = found.get(muscle.value, ZERO) + count * part
    return found


def _average(values: list[Decimal]) -> Decimal | None:
    return rounded(sum(values, ZERO) / len(values)) if values else None
