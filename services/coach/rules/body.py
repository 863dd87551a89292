"""Questions about the body and about goals."""

from datetime import datetime, timedelta
from decimal import Decimal

from services.coach.facts.claims import Cited, Claim, Kind, Rule, claim
from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import Week, of_measurements, record_claim
from services.coach.rules.answers import Answer, Saying, nothing_yet
from shared.domains.profile.events import GoalKind
from shared.domains.workouts.volume import ZERO
from shared.views.goals import GoalRow
from shared.views.measurements import MeasurementRow
from shared.views.records import RecordKind


def body_weight(log: TrainingLog, now: datetime) -> Answer:
    """The last weighing against the last one at least four weeks older."""
    return _trend(log, now, "weight_kg", "weigh", "kg", "no weighing is logged.")


def body_fat(log: TrainingLog, now: datetime) -> Answer:
    """The last body fat against the last one at least four weeks older."""
    return _trend(log, now, "body_fat_percent", "have a body fat of", "%", "no body fat is known; log neck and waist.")


def _trend(log: TrainingLog, now: datetime, quantity: str, verb: str, unit: str, nothing: str) -> Answer:
    known = [row for row in log.measurements if getattr(row, quantity) is not None and row.measured_at <= now]
    if not known:
        return nothing_yet(nothing)
    saying, last = Saying(log, now), known[-1]
    made = _measured(log, last, quantity, unit)
    saying.add(f"You {verb} {_told(saying, made)}, as of {log.day_of(last.measured_at)}.")
    older = [row for row in known if last.measured_at - row.measured_at >= timedelta(days=28)]
    if older and (before := _measured(log, older[-1], quantity, unit)):
        day = log.day_of(older[-1].measured_at)
        saying.add(f"That is {_compared(log, made, before)} the {_told(saying, before)} of {day}.")
    return saying.answer()


def _told(saying: Saying, made: Claim) -> str:
    """The number, and how far the truth may lie from it."""
    margin = _margin(saying.log, made)
    return f"{saying.amount(made)} ± {saying.amount(margin)}" if margin else saying.amount(made)


def _compared(log: TrainingLog, new: Claim, old: Claim) -> str:
    """What lies within the margin of either is no difference."""
    margin = max(margin.value if (margin := _margin(log, made)) else ZERO for made in (new, old))
    if abs(new.value - old.value) <= margin:
        return "level with"
    return "more than" if new.value > old.value else "less than"


def _margin(log: TrainingLog, made: Claim) -> Claim | None:
    """Only the tape's estimates of body fat have one."""
    if made.quantity != "body_fat_percent":
        return None
    return claim(f"margin of {made.label}", "points", "body_fat_margin", Rule.VALUE, made.cited, log)


def _measured(log: TrainingLog, row: MeasurementRow, quantity: str, unit: str) -> Claim:
    label = f"{quantity.rpartition('_')[0].replace('_', ' ')} on {log.day_of(row.measured_at)}"
    return Claim(label, Decimal(getattr(row, quantity)), unit, quantity, Rule.VALUE, tuple(of_measurements([row])))


def goals(log: TrainingLog, now: datetime) -> Answer:
    """Each goal with where it stands."""
    if not log.goals:
        return nothing_yet("no goal is set.")
    saying = Saying(log, now)
    for goal in log.goals:
        saying.add(_goal(saying, goal))
    return saying.answer()


def _goal(saying: Saying, goal: GoalRow) -> str:
    log = saying.log
    target = _target(log, goal, "target", goal.unit or "")
    if target is None:
        return f"Your goal of the kind {goal.kind.value.replace('_', ' ')} has no target."
    aim = f"Goal {goal.kind.value.replace('_', ' ')}{_of(log, goal)}: {saying.amount(target)}"
    in_kg = _target(log, goal, "target_kg", "kg")
    converted = f" ({saying.amount(in_kg)})" if in_kg else ""
    by = f" by {goal.by}" if goal.by else ""
    standing = _standing(saying, goal)
    return f"{aim}{converted}{by}; {f'now {_told(saying, standing)}' if standing else _nothing(saying, goal)}."


def _target(log: TrainingLog, goal: GoalRow, quantity: str, unit: str) -> Claim | None:
    return claim("target", unit, quantity, Rule.VALUE, [Cited(Kind.GOAL, goal.goal_id)], log)


def _of(log: TrainingLog, goal: GoalRow) -> str:
    return f" in {log.name(log.exercises.standing_for(goal.exercise_id))}" if goal.exercise_id else ""


def _nothing(saying: Saying, goal: GoalRow) -> str:
    match goal.kind:
        case GoalKind.WORKOUTS_PER_WEEK | GoalKind.SETS_PER_WEEK:
            return f"none so far in {saying.log.week_of(saying.now)}"
        case GoalKind.OTHER:
            return "the log does not tell where it stands"
        case GoalKind.BODY_WEIGHT | GoalKind.BODY_FAT | GoalKind.E1RM | GoalKind.LOAD:
            return "nothing is logged for it yet"


def _standing(saying: Saying, goal: GoalRow) -> Claim | None:
    """Where the user is now in what the goal counts."""
    log, week = saying.log, Week(saying.log, saying.log.week_of(saying.now))
    match goal.kind:
        case GoalKind.BODY_WEIGHT:
            return _last(log, "weight_kg", "kg")
        case GoalKind.BODY_FAT:
            return _last(log, "body_fat_percent", "%")
        case GoalKind.E1RM:
            return _best(log, goal, RecordKind.E1RM)
        case GoalKind.LOAD:
            return _best(log, goal, RecordKind.LOAD)
        case GoalKind.WORKOUTS_PER_WEEK:
            return week.trained()
        case GoalKind.SETS_PER_WEEK:
            return week.working_sets()
        case GoalKind.OTHER:
            return None


def _last(log: TrainingLog, quantity: str, unit: str) -> Claim | None:
    known = [row for row in log.measurements if getattr(row, quantity) is not None]
    return _measured(log, known[-1], quantity, unit) if known else None


def _best(log: TrainingLog, goal: GoalRow, kind: RecordKind) -> Claim | None:
    exercise_id = goal.exercise_id and log.exercises.standing_for(goal.exercise_id)
    found = (record for record in log.records if record.exercise_id == exercise_id and record.kind is kind)
    record = next(found, None)
    return record_claim(log, record) if record else None
