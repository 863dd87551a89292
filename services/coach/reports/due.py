"""Which weeks have closed, by the user's own calendar."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cache, partial
from hashlib import sha256
from operator import attrgetter
from typing import Any

from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import of_workouts
from shared.digests import canonical_json
from shared.domains.workouts.weeks import week_before, zone

CHART_WEEKS = 8
REPORT_VERSION = 4
"""Grows with every change of what reports say: they are then made again."""
INPUTS = attrgetter(
    "set_id", "workout_id", "exercise_id", "completed_at", "reps", "load_kg", "volume_kg", "e1rm_kg", "rpe", "rir"
)
"""What reports read of a set."""


def closes_at(log: TrainingLog, week: str) -> datetime:
    """When the week is over: midnight after its last day, where the user is."""
    calendar = log.calendar
    day = calendar.first_day(week) + timedelta(weeks=1)
    return datetime.combine(day, time(), zone(calendar.time_zone)).astimezone(UTC)


def next_close(log: TrainingLog, now: datetime) -> datetime:
    """When the current week will be over."""
    return closes_at(log, log.week_of(now))


def closed_weeks(log: TrainingLog, now: datetime) -> Mapping[str, str]:
    """The digest of the inputs of each closed week that holds a workout or a measurement, oldest first."""
    labels = [row.week for row in log.weeks if closes_at(log, row.week) <= now]
    inputs = cache(partial(_inputs, log))
    return {week: _digest(log, week, inputs) for week in labels}


def inputs_digest(log: TrainingLog, week: str) -> str:
    """Another one wherever the week's report would say or cite something else."""
    return _digest(log, week, partial(_inputs, log))


def _digest(log: TrainingLog, week: str, inputs: Callable[[str], str]) -> str:
    shown = [inputs(week_before(week, back)) for back in range(CHART_WEEKS)]
    records = [(best.row.set_id, best.kind.value, _written(best.value)) for best in log.bests_by_week.get(week, ())]
    return sha256(repr((REPORT_VERSION, shown, records)).encode()).hexdigest()


def _inputs(log: TrainingLog, week: str) -> str:
    """What reports say and cite of one week, its records apart."""
    row = log.week_by_label.get(week)
    held = (str(row.week_start), canonical_json(row.content()["hard_sets"])) if row else ()
    sets = [
        (*map(_written, INPUTS(row)), log.name(row.exercise_id), str(log.day_of(row.completed_at, row.workout_id)))
        for row in log.working_by_week.get(week, ())
    ]
    workouts = log.workouts_of(week)
    lengths = [
        (str(cited.id), _written(workout.duration_s))
        for cited, workout in zip(of_workouts(log, workouts), workouts, strict=True)
    ]
    weighings = [(str(row.measurement_id), _written(row.weight_kg)) for row in log.measurements_by_week.get(week, ())]
    return sha256(repr((held, sets, lengths, weighings)).encode()).hexdigest()


def _written(value: Any) -> str:
    """Equal values alike: a decimal may bear zeros at its end or not."""
    return str(value.normalize() if isinstance(value, Decimal) else value)
