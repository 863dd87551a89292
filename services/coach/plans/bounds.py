"""The bounds of a plan: volume grows by a fifth at most, loads by a twentieth, whoever proposed it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from services.coach.facts.claims import Cited, Claim, Kind, Rule, claim
from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import LATELY, of_sets
from services.coach.plans.choice import Choice
from services.coach.plans.shape import ChosenExercise, ChosenWeek, PlannedDay, PlannedExercise
from services.coach.rules.progress import reference
from shared.domains.exercises.vocabulary import Measure
from shared.views.sets import SetRow

GROWTH = Decimal("1.2")
# Weekly sets a muscle may have in any plan, and for someone whose log has no week of it.
FLOOR, NEWCOMER, CEILING = Decimal(6), Decimal(10), Decimal(20)
WEEKS = 4
TIMED = frozenset({Measure.DURATION, Measure.WEIGHT_DURATION, Measure.DISTANCE_DURATION})
HOLD_SECONDS = Decimal(30)


def bounded(chosen: ChosenWeek, choice: Choice, days: int, now: datetime) -> list[PlannedDay]:
    """The plan that is proposed: only allowed exercises, weekly sets within bounds, loads from the log."""
    log = choice.log
    left = dict(allowance(log, now))
    planned: list[PlannedDay] = []
    for day in chosen.days[:days]:
        exercises: list[PlannedExercise] = []
        for one in day.exercises:
            if not choice.allows(one.exercise_id) or any(one.exercise_id == had.exercise_id for had in exercises):
                continue
            muscle = log.exercises[one.exercise_id].muscle_category
            room = left.get(muscle.value, NEWCOMER) if muscle else NEWCOMER
            if sets := min(one.sets, int(room)):
                left |= {muscle.value: room - sets} if muscle else {}
                exercises.append(_planned(one, sets, log, now))
        planned += [PlannedDay(day.name, tuple(exercises))] if exercises else []
    return planned


def _planned(one: ChosenExercise, sets: int, log: TrainingLog, now: datetime) -> PlannedExercise:
    name = log.name(one.exercise_id)
    if log.exercises[one.exercise_id].measure in TIMED:
        held = last_held(log, one.exercise_id, now)
        seconds = held.value if held else HOLD_SECONDS
        return PlannedExercise(one.exercise_id, name, sets, None, seconds, None, held)
    weight = planned_load(log, one.exercise_id, one.reps, now)
    return PlannedExercise(one.exercise_id, name, sets, one.reps, None, weight, None)


def paused(log: TrainingLog, now: datetime) -> bool:
    """Whether training lies so far back that nobody should go on where it ended."""
    return reference(log, now) != now


def allowance(log: TrainingLog, now: datetime) -> Mapping[str, Decimal]:
    """Weekly sets by muscle: a fifth more than the average of the last four trained weeks; none after a pause."""
    if paused(log, now):
        return {}
    since, at = log.week_of(now - LATELY), log.week_of(now)
    weeks = [row for row in log.weeks if row.workouts and since <= row.week <= at][-WEEKS:]
    muscles = {muscle for row in weeks for muscle in row.hard_sets}
    return {
        muscle: min(
            CEILING, max(FLOOR, GROWTH * sum(row.hard_sets.get(muscle, Decimal(0)) for row in weeks) / len(weeks))
        )
        for muscle in muscles
    }


def planned_load(log: TrainingLog, exercise_id: UUID, reps: int, now: datetime) -> Claim | None:
    """The weight to enter, from the best reliable estimate of the last eight weeks."""
    lately = _lately(log, exercise_id, now)
    rows = [row for row in lately if row.e1rm_kg is not None and not row.low_confidence]
    if not rows:
        return None
    best = max(rows, key=lambda row: row.e1rm_kg or 0)
    label = f"weight for {reps} repetitions of {log.name(exercise_id)}"
    return claim(label, "kg", f"planned.{reps}", Rule.VALUE, [Cited(Kind.SET, best.set_id)], log)


def last_held(log: TrainingLog, exercise_id: UUID, now: datetime) -> Claim | None:
    """The longest set, in seconds, of the last workout of the last eight weeks that has one."""
    timed = [row for row in _lately(log, exercise_id, now) if row.duration_s]
    rows = [row for row in timed if row.workout_id == timed[-1].workout_id]
    label = f"longest set of {log.name(exercise_id)} in its last workout"
    return claim(label, "s", "duration_s", Rule.MAX, of_sets(rows), log)


def _lately(log: TrainingLog, exercise_id: UUID, now: datetime) -> list[SetRow]:
    """The sets of the last eight weeks; none after a pause."""
    done = () if paused(log, now) else log.working_by_exercise.get(exercise_id, ())
    return [row for row in done if row.completed_at >= now - LATELY]
