"""Which weeks have closed, by the user's own calendar."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from operator import attrgetter
from typing import Any

from services.coach.facts.log import TrainingLog
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
    return {week: inputs_digest(log, week) for week in labels}


def inputs_digest(log: TrainingLog, week: str) -> str:
    """Another one wherever the week's report would say something else."""
    shown = [log.week_by_label.get(week_before(week, back)) for back in range(CHART_WEEKS)]
    weeks = [canonical_json(row.content()) if row else "" for row in shown]
    sets = [
        (*map(_written, INPUTS(row)), log.name(row.exercise_id), str(log.day_of(row.completed_at, row.workout_id)))
        for row in log.working_by_week.get(week, ())
    ]
    records = [(best.row.set_id, best.kind.value, _written(best.value)) for best in log.bests_by_week.get(week, ())]
    return sha256(repr((REPORT_VERSION, weeks, sets, records)).encode()).hexdigest()


def _written(value: Any) -> str:
    """Equal values alike: a decimal may bear zeros at its end or not."""
    return str(value.normalize() if isinstance(value, Decimal) else value)
