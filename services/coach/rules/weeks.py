"""Questions about weeks and workouts: how much, how hard, how often."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from services.coach.facts.claims import Claim, Rule, claim, hard_for
from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import Week, of_sets, of_workouts
from services.coach.rules.answers import NO_SET, Answer, Saying, joined, nothing_yet
from shared.domains.workouts.weeks import week_before
from shared.views.workouts import WorkoutRow

NO_WORKOUT = "log a workout first."


def _describe(saying: Saying, week: Week) -> None:
    """The load of a week in one or two sentences."""
    trained, sets, hard, tonnage = week.trained(), week.working_sets(), week.hard_sets(), week.tonnage()
    if trained and sets and hard and tonnage:
        saying.add(
            f"In {week.week} you did {saying.amount(trained)} with {saying.amount(sets, 'working sets')}, "
            f"{saying.number(hard)} of them hard, and moved {saying.amount(tonnage)}."
        )
    elif trained:
        saying.add(f"In {week.week} you did {saying.amount(trained)} without a working set.")
    if effort := week.effort():
        saying.add(f"The average effort was RPE {saying.number(effort)}.")


def described(log: TrainingLog, now: datetime, week: str) -> Answer:
    """The load of one week."""
    saying = Saying(log, now)
    _describe(saying, Week(log, week))
    return saying.answer() if saying.sentences else Answer(f"Nothing was trained in {week}.")


def _last_trained_week(log: TrainingLog, up_to: str) -> str | None:
    weeks = [row.week for row in log.weeks if row.workouts and row.week <= up_to]
    return weeks[-1] if weeks else None


def _week_or_the_last_one(log: TrainingLog, now: datetime, week: str) -> tuple[Saying, Week] | None:
    saying = Saying(log, now)
    if found := _last_trained_week(log, week):
        if found != week:
            saying.add(f"No workout is logged for {week}. The last week before it in which you trained was {found}.")
        return saying, Week(log, found)
    return None


def last_week(log: TrainingLog, now: datetime) -> Answer:
    """How hard the week before this one was, next to the week before that."""
    found = _week_or_the_last_one(log, now, week_before(log.week_of(now)))
    if found is None:
        return nothing_yet("no week before this one has a workout.")
    saying, week = found
    _describe(saying, week)
    before = Week(log, week_before(week.week))
    hard, tonnage = before.hard_sets(), before.tonnage()
    if hard and tonnage:
        saying.add(
            f"The week before, {before.week}, had {saying.amount(hard, 'hard sets')} and {saying.amount(tonnage)}."
        )
    return saying.answer()


def this_week(log: TrainingLog, now: datetime) -> Answer:
    """What this week holds so far."""
    found = _week_or_the_last_one(log, now, log.week_of(now))
    if found is None:
        return nothing_yet(NO_WORKOUT)
    saying, week = found
    _describe(saying, week)
    return saying.answer()


def tonnage(log: TrainingLog, now: datetime) -> Answer:
    """Tonnage of the last four weeks that were trained, newest first."""
    weeks = [row.week for row in log.weeks if row.workouts and row.week <= log.week_of(now)][-4:]
    saying = Saying(log, now)
    lifted = [(week, made) for week in reversed(weeks) if (made := Week(log, week).tonnage())]
    if not lifted:
        return nothing_yet(NO_SET)
    saying.add(f"You moved {joined([f'{saying.amount(made)} in {week}' for week, made in lifted])}.")
    return saying.answer()


def muscles(log: TrainingLog, now: datetime) -> Answer:
    """Hard sets by muscle, this week or the last one trained."""
    found = _week_or_the_last_one(log, now, log.week_of(now))
    if found is None:
        return nothing_yet(NO_WORKOUT)
    saying, week = found
    parts = [f"{_muscle(made.quantity)} {saying.number(made)}" for made in week.muscles()]
    told = f"Hard sets in {week.week}, a half for secondary muscles: {joined(parts)}." if parts else _no_muscle(week)
    saying.add(told)
    return saying.answer()


def _no_muscle(week: Week) -> str:
    hard = week.hard_sets()
    if hard is None:
        return f"{week.week} has no working set."
    if not hard.value:
        return f"No set of {week.week} was hard: each left more than four repetitions in reserve."
    return f"No hard set of {week.week} trained a muscle that is known."


def neglected(log: TrainingLog, now: datetime) -> Answer:
    """The muscles with the fewest hard sets in the last four weeks, among those ever trained."""
    current = log.week_of(now)
    weeks = {week_before(current, back) for back in range(4)}
    rows = [row for week in weeks for row in log.working_by_week.get(week, ())]
    ever = sorted({muscle for week in log.weeks for muscle in week.hard_sets} - {"cardio", "full_body", "other"})
    if not ever:
        return nothing_yet("no hard set of a muscle is logged.")
    saying, counted = Saying(log, now), []
    for muscle in ever:
        cited = of_sets(row for row in rows if hard_for(row, muscle, log))
        made = claim(f"hard sets for {muscle} in four weeks", "sets", f"hard.{muscle}", Rule.SUM, cited, log)
        if made is None:
            saying.add(f"No hard set for {muscle.replace('_', ' ')} in the last four weeks.")
        else:
            counted.append(made)
    for made in sorted(counted, key=lambda made: (made.value, made.label))[:3]:
        saying.add(f"{_muscle(made.quantity).capitalize()} had {saying.amount(made, 'hard sets')} in four weeks.")
    return saying.answer()


def _muscle(quantity: str) -> str:
    return quantity.removeprefix("hard.").replace("_", " ")


def frequency(log: TrainingLog, now: datetime) -> Answer:
    """Workouts of each of the last four weeks, this one included."""
    current, saying = log.week_of(now), Saying(log, now)
    weeks = [week_before(current, back) for back in range(4)]
    parts = [f"{saying.amount(made)} in {week}" for week in weeks if (made := Week(log, week).trained())]
    idle = [week for week in weeks if not log.workouts_of(week)]
    if not parts:
        return last_trained(log, now)
    saying.add(f"You did {joined(parts)}.")
    if idle:
        saying.add(f"There was no workout in {joined(idle)}.")
    return saying.answer()


def streak(log: TrainingLog, now: datetime) -> Answer:
    """Weeks in a row with a workout, up to this week or the last."""
    current = log.week_of(now)
    week = current if log.workouts_of(current) else week_before(current)
    firsts: list[WorkoutRow] = []
    while workouts := log.workouts_of(week):
        firsts.append(workouts[0])
        week = week_before(week)
    made = claim("weeks in a row with a workout", "weeks", "workouts", Rule.COUNT, of_workouts(log, firsts), log)
    if made is None:
        return last_trained(log, now)
    saying = Saying(log, now)
    saying.add(f"You have trained {saying.amount(made)} in a row.")
    return saying.answer()


def last_trained(log: TrainingLog, now: datetime) -> Answer:
    """What the last workout held."""
    done = [workout for workout in log.workouts if workout.started_at <= now]
    if not done:
        return nothing_yet(NO_WORKOUT)
    workout, saying = done[-1], Saying(log, now)
    rows = [row for row in log.sets_by_workout.get(workout.workout_id, ()) if row.working]
    saying.add(f"Your last workout was on {log.day_of(workout.started_at, workout.workout_id)}.")
    sets = claim("working sets of the last workout", "working sets", "sets", Rule.COUNT, of_sets(rows), log)
    moved = claim("tonnage of the last workout", "kg", "volume_kg", Rule.SUM, of_sets(rows), log)
    if sets and moved:
        names = list(dict.fromkeys(log.name(row.exercise_id) for row in rows))
        saying.add(f"It had {saying.amount(sets)} and {saying.amount(moved)}: {joined(names)}.")
    if minutes := claim("length of the last workout", "minutes", "minutes", Rule.SUM, of_workouts(log, [workout]), log):
        saying.add(f"It took {saying.amount(minutes)}.")
    return saying.answer()


def duration(log: TrainingLog, now: datetime) -> Answer:
    """The average length of the last ten workouts that have one."""
    timed = [workout for workout in log.workouts if workout.duration_s and workout.started_at <= now][-10:]
    made = claim("average length of a workout", "minutes", "minutes", Rule.MEAN, of_workouts(log, timed), log)
    if made is None:
        return nothing_yet("no workout has an end.")
    saying = Saying(log, now)
    count = claim("workouts averaged", "workouts", "workouts", Rule.COUNT, of_workouts(log, timed), log)
    over = f" over your last {saying.amount(count)}" if count else ""
    saying.add(f"A workout takes you {saying.amount(made)} on average{over}.")
    return saying.answer()


def sets_lately(log: TrainingLog, now: datetime) -> Answer:
    """Working sets of the last 28 days."""
    since = now - timedelta(days=28)
    rows = [row for row in log.sets if row.working and since <= row.completed_at <= now]
    made = claim("working sets in four weeks", "working sets", "sets", Rule.COUNT, of_sets(rows), log)
    hard = claim("hard sets in four weeks", "sets", "hard", Rule.SUM, of_sets(rows), log)
    if made is None or hard is None:
        return last_trained(log, now)
    saying = Saying(log, now)
    saying.add(f"In the last four weeks you did {saying.amount(made)}, {saying.number(hard)} of them hard.")
    return saying.answer()


def deload(log: TrainingLog, now: datetime) -> Answer:
    """Whether effort and hard sets have grown for weeks: a rule of thumb, not a diagnosis."""
    current, saying = log.week_of(now), Saying(log, now)
    weeks = [Week(log, week_before(current, back)) for back in (3, 2, 1)]
    efforts, hard = [week.effort() for week in weeks], [week.hard_sets() for week in weeks]
    for week, effort, sets in zip(weeks, efforts, hard, strict=True):
        if sets:
            rpe = f" at RPE {saying.number(effort)}" if effort else ""
            saying.add(f"{week.week} had {saying.amount(sets, 'hard sets')}{rpe}.")
    if not saying.sentences:
        return nothing_yet("the last three weeks hold no training.")
    last = efforts[-1]
    tired = last is not None and last.value >= 9
    if tired and _grow(hard) and _grow(efforts):
        saying.add("Work and effort have both grown and effort is high: an easier week now is sensible.")
    else:
        saying.add("Nothing here asks for an easier week; how you sleep and feel counts for more than this rule.")
    return saying.answer()


def _grow(weeks: Sequence[Claim | None]) -> bool:
    """Whether each week has more than the week before."""
    values = [made.value for made in weeks if made]
    return len(values) == len(weeks) and all(before < after for before, after in pairwise(values))
