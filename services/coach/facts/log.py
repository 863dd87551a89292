"""One user's training log, folded: the rows that numbers are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from services.coach.facts.bests import Best, bests_by_week
from services.coach.facts.rows import Rows, grouped
from services.coach.safety import cleaned
from shared.domains.workouts.weeks import Calendar
from shared.fold import State
from shared.views.exercises import Exercises
from shared.views.goals import GoalRow
from shared.views.measurements import MeasurementRow
from shared.views.profile import ProfileRow
from shared.views.records import RecordRow
from shared.views.sets import SetRow
from shared.views.weekly import WeeklyRow
from shared.views.workouts import WorkoutRow


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
        return cls.made_of(Rows().after(state))

    @classmethod
    def made_of(cls, rows: Rows) -> "TrainingLog":
        """The log of these rows."""
        sets = [row for row in rows.sets.made if row.counted]
        workouts = [row for row in rows.workouts.made if row.counted]
        return cls(
            profile=rows.profile,
            exercises=rows.exercises,
            workouts=sorted(workouts, key=lambda row: (row.started_at, row.workout_id)),
            sets=sorted(sets, key=lambda row: (row.completed_at, row.set_id)),
            measurements=sorted(rows.measurements.made, key=lambda row: (row.measured_at, row.measurement_id)),
            weeks=rows.weeks(),
            records=[record for found in rows.records.made for record in found],
            goals=sorted(rows.goals.made, key=lambda row: row.goal_id),
        )

    def name(self, exercise_id: UUID) -> str:
        """What to call an exercise. User-made names are data: cleaned and bounded."""
        if (known := self._names.get(exercise_id)) is not None:
            return known
        row = self.exercises.get(exercise_id)
        self._names[exercise_id] = name = cleaned(row.name, 80) if row and row.name else "an unnamed exercise"
        return name

    def muscles(self, exercise_id: UUID) -> Mapping[str, Decimal]:
        """How much of a set of this exercise each muscle gets."""
        if (known := self._muscles.get(exercise_id)) is not None:
            return known
        row = self.exercises.get(exercise_id)
        found = {muscle.value: part for muscle, part in row.muscles().items()} if row else {}
        self._muscles[exercise_id] = found
        return found

    @cached_property
    def _names(self) -> dict[UUID, str]:
        return {}

    @cached_property
    def _muscles(self) -> dict[UUID, Mapping[str, Decimal]]:
        return {}

    def set_of(self, set_id: UUID) -> SetRow | None:
        """A set that counts."""
        return self._sets.get(set_id.int)

    @cached_property
    def _sets(self) -> Mapping[int, SetRow]:
        return {row.set_id.int: row for row in self.sets}

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
        found = grouped((row.workout_id.int, row) for row in self.sets)
        return {rows[0].workout_id: rows for rows in found.values()}

    @cached_property
    def working_by_week(self) -> Mapping[str, Sequence[SetRow]]:
        """Sets without warm-ups, by the week that their workout counts in."""
        weeks = {row.workout_id.int: row.week for row in self.workouts}
        return grouped((weeks[row.workout_id.int], row) for row in self._working)

    @cached_property
    def working_by_exercise(self) -> Mapping[UUID, Sequence[SetRow]]:
        """Sets without warm-ups, by the exercise under which they are shown."""
        found = grouped((row.exercise_id.int, row) for row in self._working)
        return {rows[0].exercise_id: rows for rows in found.values()}

    @cached_property
    def _working(self) -> Sequence[SetRow]:
        return [row for row in self.sets if row.working]

    @cached_property
    def workouts_by_week(self) -> Mapping[str, Sequence[WorkoutRow]]:
        return grouped((row.week, row) for row in self.workouts)

    @cached_property
    def bests_by_week(self) -> Mapping[str, Sequence[Best]]:
        """What each week brought that was more than everything before it: later weeks do not take it away again."""
        return bests_by_week(self.working_by_week)

    @cached_property
    def measurements_by_week(self) -> Mapping[str, Sequence[MeasurementRow]]:
        return grouped((row.week, row) for row in self.measurements)

    def workouts_of(self, week: str) -> Sequence[WorkoutRow]:
        """The workouts that count in this week."""
        return self.workouts_by_week.get(week, ())

    @cached_property
    def calendar(self) -> Calendar:
        """By the profile's time zone, else that of the last workout that names one, else UTC."""
        calendar = self.profile.calendar
        if self.profile.time_zone:
            return calendar
        named = (workout.time_zone for workout in reversed(self.workouts) if workout.time_zone)
        return replace(calendar, time_zone=next(named, calendar.time_zone))

    def week_of(self, moment: datetime) -> str:
        """The user's training week at a moment."""
        return self.calendar.week(moment)

    def day_of(self, moment: datetime, workout_id: UUID | None = None) -> date:
        """The local date where the user is; of a moment of a workout where it counts: in its own time zone, else the
        profile's, else UTC."""
        if workout_id is None:
            return self.calendar.day(moment)
        return self.profile.calendar.day(moment, self.workout_by_id[workout_id].time_zone)
