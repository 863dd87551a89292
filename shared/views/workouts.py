"""Workouts with the sums of their sets."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from shared.domains.workouts.status import WorkoutStatus, workout_status
from shared.domains.workouts.volume import ZERO, is_hard, perceived_exertion
from shared.domains.workouts.weeks import Calendar
from shared.fold import Entity
from shared.views.rows import Row
from shared.views.sets import SetRow


@dataclass(frozen=True, slots=True)
class WorkoutRow(Row):
    """A workout that was started, discarded ones too.

    `set_count` counts all sets; the other sums leave warm-ups out: `hard_sets` by exercise as shown, `rpe_sum` over
    the `rpe_sets` of known effort. `duration_s` is None while it goes on, and where the clock says that it ended before
    it began. `week` is the training week that it counts in.
    """

    KEY: ClassVar = ("workout_id",)

    workout_id: UUID
    name: str | None
    status: WorkoutStatus
    started_at: datetime
    ended_at: datetime | None
    duration_s: Decimal | None
    set_count: int
    working_sets: int
    hard_sets: dict[str, int]
    rpe_sets: int
    rpe_sum: Decimal
    tonnage_kg: Decimal
    notes: str | None
    time_zone: str | None
    template_id: UUID | None
    week: str

    @property
    def counted(self) -> bool:
        """Whether it counts in weeks: it is not discarded."""
        return self.status != WorkoutStatus.DISCARDED


def workout_row(workout_id: UUID, entity: Entity, sets: Iterable[SetRow], calendar: Calendar) -> WorkoutRow | None:
    """None where the workout is not started yet. `sets` are all rows of sets of this workout."""
    status = workout_status(entity)
    if status is None:
        return None
    started_at, ended_at, time_zone = entity.value("started_at"), entity.value("ended_at"), entity.value("time_zone")
    rows = list(sets)
    working = [row for row in rows if row.working]
    efforts = [rpe for row in working if (rpe := perceived_exertion(row.rpe, row.rir)) is not None]
    return WorkoutRow(
        workout_id=workout_id,
        name=entity.value("name"),
        status=status,
        started_at=started_at,
        ended_at=ended_at,
        duration_s=_seconds(started_at, ended_at),
        set_count=len(rows),
        working_sets=len(working),
        hard_sets=_hard_sets(working),
        rpe_sets=len(efforts),
        rpe_sum=sum(efforts, ZERO),
        tonnage_kg=tonnage(rows),
        notes=entity.value("notes"),
        time_zone=time_zone,
        template_id=entity.value("template_id"),
        week=calendar.week(started_at, time_zone),
    )


def tonnage(sets: Iterable[SetRow]) -> Decimal:
    """What the sets weigh together, warm-ups left out; exact, in kg."""
    return sum((row.volume_kg for row in sets if row.working), ZERO)


def _hard_sets(working: Sequence[SetRow]) -> dict[str, int]:
    hard = Counter(row.exercise_id for row in working if is_hard(row.set_type, row.reserve))
    return {str(exercise_id): count for exercise_id, count in hard.items()}


def _seconds(started_at: datetime, ended_at: datetime | None) -> Decimal | None:
    if ended_at is None or ended_at < started_at:
        return None
    return Decimal((ended_at - started_at) // timedelta(milliseconds=1)) / 1000
