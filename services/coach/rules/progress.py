"""Questions about strength: progress, and what comes next."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from services.coach.facts.claims import Rule, claim
from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import LATELY, best_e1rm, favourites, of_sets, set_claims
from services.coach.rules.answers import NO_SET, Answer, Saying, joined, nothing_yet
from services.coach.safety import cleaned
from shared.views.sets import SetRow
from shared.views.workouts import WorkoutRow

SPAN = timedelta(days=28)
TEN_YEARS = timedelta(days=3650)
# Clocks are data: the first moment from which one can look back so far.
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC) + TEN_YEARS


def reference(log: TrainingLog, now: datetime) -> datetime:
    """Now, or after a pause of more than four weeks the moment after the last set: there progress is looked for."""
    return after_a_pause(log.sets, now)


def after_a_pause(sets: Sequence[SetRow], now: datetime) -> datetime:
    """The same for some of the sets, which are in order of time."""
    last = _last(sets, now)
    if last is None or now - last.completed_at < SPAN:
        return now
    return max(_EARLIEST, last.completed_at + timedelta(milliseconds=1))


def _last(sets: Sequence[SetRow], now: datetime) -> SetRow | None:
    return next((row for row in reversed(sets) if row.completed_at <= now), None)


def _day_of_reference(log: TrainingLog, now: datetime) -> date:
    """Today, or after a pause the day of the last set."""
    last = _last(log.sets, now)
    if last is None or reference(log, now) == now:
        return log.day_of(now)
    return log.day_of(last.completed_at, last.workout_id)


def progressing(log: TrainingLog, now: datetime) -> Answer:
    """The best estimate of the last four weeks against that of the four before, for the exercises done most."""
    at, saying = reference(log, now), Saying(log, now)
    if at != now:
        saying.add(f"Nothing is logged in the last four weeks, so this is as of {_day_of_reference(log, now)}.")
    compared = 0
    for exercise_id in favourites(log, at):
        later = best_e1rm(log, exercise_id, at - SPAN, at)
        earlier = best_e1rm(log, exercise_id, at - 2 * SPAN, at - SPAN)
        if later and earlier:
            new, old = later[0], earlier[0]
            saying.add(
                f"{log.name(exercise_id)} is {trend(new.value - old.value)}: an estimated 1RM of "
                f"{saying.amount(new)} after {saying.amount(old)} in the four weeks before."
            )
            compared += 1
    if not compared:
        return nothing_yet("it takes two spans of four weeks with the same exercise to see progress.")
    return saying.answer()


def trend(change: Decimal) -> str:
    """Where a change leads, in a word."""
    return "up" if change > 0 else "down" if change < 0 else "level"


def most_done(log: TrainingLog, now: datetime) -> Answer:
    """The exercises with most working sets in eight weeks."""
    at, saying = reference(log, now), Saying(log, now)
    parts = []
    for exercise_id in favourites(log, at):
        rows = [r for r in log.working_by_exercise[exercise_id] if at - LATELY <= r.completed_at < at]
        made = claim(f"working sets of {log.name(exercise_id)}", "sets", "sets", Rule.COUNT, of_sets(rows), log)
        parts += [f"{log.name(exercise_id)} with {saying.amount(made)}"] if made else []
    if not parts:
        return nothing_yet(NO_SET)
    saying.add(f"In the eight weeks up to {_day_of_reference(log, now)} you did most: {joined(parts)}.")
    return saying.answer()


def what_next(log: TrainingLog, now: datetime) -> Answer:
    """The workout of the last four weeks that waits longest, with what its exercises were done with in it."""
    workout = _next_workout(log, reference(log, now))
    if workout is None:
        return nothing_yet("log a workout first, or ask for a workout plan.")
    saying = Saying(log, now)
    title = f"“{named}”" if (named := cleaned(workout.name or "", 80)) else "the workout"
    saying.add(f"Next is {title}, last done on {log.day_of(workout.started_at, workout.workout_id)}.")
    for exercise_id, row in _top_sets(log, workout).items():
        load, reps = set_claims(log, row)
        if load and reps and row.load_kg:
            done = f"{saying.amount(load)} for {saying.amount(reps)}"
            saying.add(f"{log.name(exercise_id)}: that day {done}. {_advice(row.reserve)}")
    return saying.answer()


def _next_workout(log: TrainingLog, at: datetime) -> WorkoutRow | None:
    """Of each name the last workout; of those the one that lies back longest."""
    lately = [workout for workout in log.workouts if at - SPAN <= workout.started_at < at]
    last = {workout.name: workout for workout in lately}
    return min(last.values(), key=lambda workout: workout.started_at, default=None)


def _top_sets(log: TrainingLog, workout: WorkoutRow) -> dict[UUID, SetRow]:
    """The heaviest working set of each exercise, in the order of the workout; five at most."""
    best: dict[UUID, SetRow] = {}
    for row in log.sets_by_workout.get(workout.workout_id, ()):
        if row.working and row.reps and (row.exercise_id not in best or _heavier(row, best[row.exercise_id])):
            best[row.exercise_id] = row
    return dict(list(best.items())[:5])


def _heavier(row: SetRow, than: SetRow) -> bool:
    return ((row.load_kg or 0), (row.reps or 0)) > ((than.load_kg or 0), (than.reps or 0))


def _advice(reserve: Decimal | None) -> str:
    if reserve is None:
        return "Repeat it, and add a repetition if it moves well."
    if reserve >= 2:
        return "There was something left: add the smallest plate."
    return "It was close to the limit: match it before you add."
