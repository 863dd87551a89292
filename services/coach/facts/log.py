"""One user's training log, folded: the rows that numbers are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from services.coach.safety import cleaned
from shared.fold import State
from shared.views.exercises import ExerciseRow, Exercises
from shared.views.goals import GoalRow
from shared.views.measurements import MeasurementRow
from shared.views.profile import BLANK_PROFILE, ProfileRow
from shared.views.records import RecordRow
from shared.views.rows import Row
from shared.views.sets import SetRow
from shared.views.weekly import WeeklyRow
from shared.views.whole import Views, rows_of
from shared.views.workouts import WorkoutRow

Kind = TypeVar("Kind", bound=Row)


@dataclass(frozen=True)
class TrainingLog:
    """What counts, in order of time. Sets without their workout and of discarded workouts are left out."""

    profile: ProfileRow
    exercises: Exercises
    workouts: Sequence[WorkoutRow]
    sets: Sequence[SetRow]
    measurements: Sequence[MeasurementRow]
    weeks: Sequence[WeeklyRow]
    records: Sequence[RecordRow]
    goals: Sequence[GoalRow]

    @classmethod
    def of(cls, state: State) -> "TrainingLog":
        """The log of a folded state."""
        views = rows_of(state)
        workouts = [workout for workout in _rows(views, "workouts", WorkoutRow) if workout.counted]
        sets = [row for row in _rows(views, "sets", SetRow) if row.counted]
        return cls(
            profile=next(iter(_rows(views, "profile", ProfileRow)), BLANK_PROFILE),
            exercises=Exercises(_rows(views, "exercises", ExerciseRow)),
            workouts=sorted(workouts, key=lambda row: (row.started_at, row.workout_id)),
            sets=sorted(sets, key=lambda row: (row.completed_at, row.set_id)),
            measurements=sorted(
                _rows(views, "measurements", MeasurementRow), key=lambda row: (row.measured_at, row.measurement_id)
            ),
            weeks=sorted(_rows(views, "weekly", WeeklyRow), key=lambda row: row.week_start),
            records=_rows(views, "records", RecordRow),
            goals=sorted(_rows(views, "goals", GoalRow), key=lambda row: row.goal_id),
        )

    def name(self, exercise_id: UUID) -> str:
        """What to call an exercise. User-made names are data: cleaned and bounded."""
        row = self.exercises.get(exercise_id)
        return cleaned(row.name, 80) if row and row.name else "an unnamed exercise"

    @cached_property
    def set_by_id(self) -> Mapping[UUID, SetRow]:
        return {row.set_id: row for row in self.sets}

    @cached_property
    def workout_by_id(self) -> Mapping[UUID, WorkoutRow]:
        return {row.workout_id: row for row in self.workouts}

    @cached_property
    def measurement_by_id(self) -> Mapping[UUID, MeasurementRow]:
        return {row.measurement_id: row for row in self.measurements}

    @cached_property
    def goal_by_id(self) -> Mapping[UUID, GoalRow]:
        return {row.goal_id: row for row in self.goals}

    @cached_property
    def week_by_label(self) -> Mapping[str, WeeklyRow]:
        return {row.week: row for row in self.weeks}

    @cached_property
    def sets_by_workout(self) -> Mapping[UUID, Sequence[SetRow]]:
        """All sets of a workout, warm-ups too."""
        found: dict[UUID, list[SetRow]] = {}
        for row in self.sets:
            found.setdefault(row.workout_id, []).append(row)
        return found

    @cached_property
    def working_by_week(self) -> Mapping[str, Sequence[SetRow]]:
        """Sets without warm-ups, by the week that their workout counts in."""
        found: dict[str, list[SetRow]] = {}
        for row in self.sets:
            if row.working:
                found.setdefault(self.workout_by_id[row.workout_id].week, []).append(row)
        return found

    @cached_property
    def working_by_exercise(self) -> Mapping[UUID, Sequence[SetRow]]:
        """Sets without warm-ups, by the exercise under which they are shown."""
        found: dict[UUID, list[SetRow]] = {}
        for row in self.sets:
            if row.working:
                found.setdefault(row.exercise_id, []).append(row)
        return found

    @cached_property
    def records_by_week(self) -> Mapping[str, Sequence[RecordRow]]:
        """Records that stand, by the week of the workout that brought them."""
        found: dict[str, list[RecordRow]] = {}
        for record in self.records:
            found.setdefault(self.workout_by_id[record.workout_id].week, []).append(record)
        return found

    def workouts_of(self, week: str) -> Sequence[WorkoutRow]:
        """The workouts that count in this week."""
        return [workout for workout in self.workouts if workout.week == week]

    def week_of(self, moment: datetime) -> str:
        """The user's training week at a moment."""
        return self.profile.calendar.week(moment)

    def week_before(self, week: str, back: int = 1) -> str:
        """The label of an earlier week."""
        calendar = self.profile.calendar
        day = calendar.first_day(week) - timedelta(weeks=back) + timedelta(days=3)
        year, number, _ = day.isocalendar()
        return f"{year:04d}-W{number:02d}"

    def day_of(self, moment: datetime) -> date:
        """The user's local date."""
        return self.profile.calendar.day(moment)


def _rows(views: Views, view: str, kind: type[Kind]) -> list[Kind]:
    return [row for row in views.get(view, []) if isinstance(row, kind)]
