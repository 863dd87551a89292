"""How far back an event can change a week: what only adds to the open one needs no look at the reports."""

from datetime import UTC, datetime, timedelta

from shared.domains.body.events import BodyMeasurementRecorded
from shared.domains.profile.events import GoalRemoved, GoalRestored, GoalSet
from shared.domains.templates.events import TemplateRemoved, TemplateRestored, TemplateSaved
from shared.domains.workouts.events import SetCompleted, WorkoutEnded, WorkoutStarted
from shared.registry import DomainEvent

EVER = datetime(1, 1, 2, tzinfo=UTC)
NOWHERE = datetime(9999, 12, 30, tzinfo=UTC)
# A workout counts in the week in which it began; it may have begun on the day before.
_WORKOUT = timedelta(days=1)
_NO_REPORT_SHOWS = (GoalSet, GoalRemoved, GoalRestored, TemplateSaved, TemplateRemoved, TemplateRestored)


def reach_of(event: DomainEvent | None) -> datetime:
    """The earliest moment of which the event can change something; ever, where the event alone does not say.

    A set that is logged for a workout of an earlier week days later is found when the week closes.
    """
    match event:
        case SetCompleted():
            return _before(event.completed_at)
        case WorkoutStarted():
            return _before(event.started_at)
        case WorkoutEnded():
            return _before(event.ended_at)
        case BodyMeasurementRecorded():
            return _before(event.measured_at)
        case _ if isinstance(event, _NO_REPORT_SHOWS):
            return NOWHERE
        case _:
            return EVER


def _before(moment: datetime) -> datetime:
    return max(EVER, moment - _WORKOUT) if moment > EVER + _WORKOUT else EVER
