"""What one month came to, as values: what the Markdown and the HTML report show. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from client.clock import in_zone
from client.naming import name_of
from client.projections import Projection
from client.wording import amount, counted, duration
from shared.domains.workouts.status import WorkoutStatus
from shared.views.measurements import MeasurementRow
from shared.views.progress import progress
from shared.views.records import RecordKind, RecordRow
from shared.views.sets import SetRow
from shared.views.weekly import WeeklyRow, weekly_row
from shared.views.workouts import WorkoutRow


class UnreadableMonth(Exception):
    """Text that is no month."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is no month; write it like 2026-11')


@dataclass(frozen=True, slots=True)
class Trend:
    """The estimated one-rep max in kg of an exercise over the days of the month."""

    exercise: str
    points: tuple[tuple[date, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month of training, in the user's time zone. Of `weeks`, only what was done in the month counts."""

    first: date
    workouts: tuple[WorkoutRow, ...]
    sets: tuple[SetRow, ...]
    weeks: tuple[WeeklyRow, ...]
    records: tuple[tuple[str, RecordRow], ...]
    trends: tuple[Trend, ...]
    measurements: tuple[MeasurementRow, ...]

    @property
    def title(self) -> str:
        return f"{self.first:%B %Y}"

    @property
    def tonnage_kg(self) -> Decimal:
        return sum((row.tonnage_kg for row in self.workouts), Decimal(0))

    @property
    def duration_s(self) -> Decimal:
        return sum((row.duration_s for row in self.workouts if row.duration_s), Decimal(0))

    @property
    def summary(self) -> str:
        done = f"{counted(len(self.workouts), 'workout')}, {counted(len(self.sets), 'set')}"
        return f"{done}, {amount(self.tonnage_kg, 0)} kg, {duration(self.duration_s)}."

    @property
    def hard_sets(self) -> Sequence[tuple[str, Decimal]]:
        """Most trained muscle first."""
        total: dict[str, Decimal] = {}
        for week in self.weeks:
            for muscle, count in week.hard_sets.items():
                total[muscle] = total.get(muscle, Decimal(0)) + count
        return sorted(total.items(), key=lambda item: (-item[1], item[0]))


def read_month(text: str) -> date:
    """The first day of `2026-11`. Raises UnreadableMonth."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise UnreadableMonth(text) from None


def month_of(projection: Projection, first: date, zone: ZoneInfo) -> Month:
    """What happened in the month with this first day."""

    def inside(day: date) -> bool:
        return (day.year, day.month) == (first.year, first.month)

    workouts = [
        row
        for row in reversed(projection.workouts)
        if row.status is not WorkoutStatus.DISCARDED and inside(in_zone(row.started_at, zone).date())
    ]
    ids = {row.workout_id for row in workouts}
    sets = [row for row in projection.sets if row.workout_id in ids]
    records = [row for row in projection.records if inside(in_zone(row.achieved_at, zone).date())]
    return Month(
        first=first,
        workouts=tuple(workouts),
        sets=tuple(sets),
        weeks=tuple(_weeks(projection, workouts)),
        records=tuple(sorted(_named(projection, records), key=lambda pair: (pair[0], pair[1].kind.value))),
        trends=tuple(_trends(projection, sets, zone)),
        measurements=tuple(
            row for row in reversed(projection.measurements) if inside(in_zone(row.measured_at, zone).date())
        ),
    )


def _weeks(projection: Projection, workouts: Iterable[WorkoutRow]) -> Iterable[WeeklyRow]:
    """The weeks of these workouts, oldest first, each as if it held nothing else."""
    by_week: dict[str, list[WorkoutRow]] = {}
    for workout in workouts:
        by_week.setdefault(workout.week, []).append(workout)
    for week, trained in sorted(by_week.items()):
        if row := weekly_row(week, trained, (), projection.exercises, projection.profile.calendar):
            yield row


def _named(projection: Projection, records: Iterable[RecordRow]) -> Iterable[tuple[str, RecordRow]]:
    for row in records:
        if row.kind is not RecordKind.REPS_AT_LOAD:
            yield name_of(row.exercise_id, projection.exercises), row


def _trends(projection: Projection, sets: Iterable[SetRow], zone: ZoneInfo) -> Iterable[Trend]:
    """The lifts that were done most often."""
    by_exercise: dict[UUID, list[SetRow]] = {}
    for row in sets:
        by_exercise.setdefault(row.exercise_id, []).append(row)
    for exercise_id, rows in sorted(by_exercise.items(), key=lambda item: -len(item[1])):
        points = tuple(
            (in_zone(row.completed_at, zone).date(), row.e1rm_kg)
            for row in progress(exercise_id, rows)
            if row.e1rm_kg is not None
        )
        if len(points) > 1:
            yield Trend(name_of(exercise_id, projection.exercises), points)
