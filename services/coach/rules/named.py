"""Answers about one exercise, or about muscles, that a question names."""

from datetime import datetime
from uuid import UUID

from services.coach.facts.claims import Rule, claim, hard_for
from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import best_e1rm, of_sets
from services.coach.rules.answers import Answer, Saying
from services.coach.rules.progress import SPAN, after_a_pause, trend
from services.coach.rules.records import NO_RECORD, records_in
from shared.domains.exercises.vocabulary import Muscle
from shared.domains.workouts.weeks import week_before
from shared.views.sets import SetRow

WEEKS = 4


def progress_of(exercise_id: UUID, log: TrainingLog, now: datetime) -> Answer:
    """When it was done last, and the best estimate of the last four weeks against that of the four before."""
    rows = [row for row in log.working_by_exercise.get(exercise_id, ()) if row.completed_at <= now]
    if not rows:
        return _never_done(exercise_id, log)
    saying, name = Saying(log, now), log.name(exercise_id)
    at = after_a_pause(rows, now)
    last = log.day_of(rows[-1].completed_at, rows[-1].workout_id)
    lately = "the last four weeks" if at == now else f"the four weeks up to {last}"
    saying.add(f"You last did {name} on {last}.")
    recent = [row for row in rows if at - SPAN <= row.completed_at < at]
    if sets := claim(f"working sets of {name}", "working sets", "sets", Rule.COUNT, of_sets(recent), log):
        saying.add(f"In {lately} you did {saying.amount(sets)} of it.")
    if estimate := _estimate(saying, exercise_id, lately, at):
        saying.add(estimate)
        return saying.answer()
    saying.add(records_in(saying, exercise_id) or "No set of it gives an estimated 1RM.")
    return saying.answer()


def _estimate(saying: Saying, exercise_id: UUID, lately: str, at: datetime) -> str | None:
    later = best_e1rm(saying.log, exercise_id, at - SPAN, at)
    earlier = best_e1rm(saying.log, exercise_id, at - 2 * SPAN, at - SPAN)
    if later is None:
        return None
    new = f"Your best estimated 1RM of {lately} is {saying.amount(later[0])}"
    if earlier is None:
        return f"{new}; the four weeks before have none."
    compared = {"level": "level with"}.get(direction := trend(later[0].value - earlier[0].value), f"{direction} from")
    return f"{new}, {compared} {saying.amount(earlier[0])} in the four before."


def records_of(exercise_id: UUID, log: TrainingLog, now: datetime) -> Answer:
    """The records of one exercise."""
    if exercise_id not in log.working_by_exercise:
        return _never_done(exercise_id, log)
    saying = Saying(log, now)
    found = records_in(saying, exercise_id)
    saying.add(found or f"{log.name(exercise_id)} has {NO_RECORD}.")
    return saying.answer()


def _never_done(exercise_id: UUID, log: TrainingLog) -> Answer:
    return Answer(f"No working set of {log.name(exercise_id)} is logged.")


def hard_sets_of(muscles: tuple[Muscle, ...], log: TrainingLog, now: datetime) -> Answer:
    """Hard sets of this week, and of a week on average over the four before."""
    saying, week = Saying(log, now), log.week_of(now)
    for muscle in muscles:
        saying.add(_hard_sets(saying, muscle, week))
    saying.add("Sets that train a muscle beside another count a half.")
    return saying.answer()


def _hard_sets(saying: Saying, muscle: Muscle, week: str) -> str:
    log, name = saying.log, muscle.value.replace("_", " ")
    before = [row for back in range(1, WEEKS + 1) for row in _sets(log, muscle, week_before(week, back))]
    now, quantity = of_sets(_sets(log, muscle, week)), f"hard.{muscle.value}"
    made = claim(f"hard sets for {name} in {week}", "sets", quantity, Rule.SUM, now, log)
    average = claim(
        f"hard sets for {name} a week on average", "sets", f"{quantity}.{WEEKS}", Rule.SUM, of_sets(before), log
    )
    this_week = f"{saying.amount(made, 'hard sets')} for {name}" if made else f"no hard set for {name}"
    on_average = f"{saying.number(average)} a week on average" if average else "none"
    return f"So far {week} has {this_week}; the four weeks before had {on_average}."


def _sets(log: TrainingLog, muscle: Muscle, week: str) -> list[SetRow]:
    return [row for row in log.working_by_week.get(week, ()) if hard_for(row, muscle.value, log)]
