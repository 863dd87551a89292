"""The rows of a folded state, made anew only where what they are made from has changed."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.domains.profile.fold import PROFILE_ID
from shared.domains.workouts.status import workout_status
from shared.fold import Entity, State
from shared.views.exercises import Exercises, exercise_rows
from shared.views.goals import GoalRow, goal_row
from shared.views.measurements import BodyWeights, MeasurementRow, measurement_row
from shared.views.profile import BLANK_PROFILE, ProfileRow, profile_row
from shared.views.records import RecordRow, record_rows
from shared.views.sets import BODY_BASES, SetRow, set_row
from shared.views.weekly import WeeklyRow, carried, weekly_row
from shared.views.workouts import WorkoutRow, workout_row

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")
Group = TypeVar("Group", str, UUID)
Item = TypeVar("Item")


class KnownExercises(Exercises):
    """Told apart by identity: comparing catalogues for each set would cost more than making its row."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


NO_EXERCISES = KnownExercises()
NO_WEIGHTS = BodyWeights()


@dataclass(frozen=True, slots=True)
class Part(Generic[Key, Made]):
    """What was made for each key, with what it was made from."""

    made: Mapping[Key, tuple[tuple[Any, ...], Made | None]] = field(default_factory=dict)

    def after(self, sources: Mapping[Key, tuple[Any, ...]], make: Callable[..., Made | None]) -> "Part[Key, Made]":
        """The same for new sources. Equal ones, which mostly are the very same objects, are not made again."""
        made = {}
        for key, source in sources.items():
            had = self.made.get(key)
            made[key] = had if had is not None and had[0] == source else (source, make(key, *source))
        return Part(made)

    def all(self) -> list[Made]:
        """What there is."""
        return [row for _, row in self.made.values() if row is not None]


@dataclass(frozen=True, slots=True)
class Rows:
    """What coach reads of a user. Equal to the shared views of the same state, however it was come to."""

    profile: ProfileRow = BLANK_PROFILE
    exercises: Exercises = NO_EXERCISES
    weights: BodyWeights = NO_WEIGHTS
    exercise_entities: Mapping[UUID, Entity] = field(default_factory=dict)
    measurements: Part[UUID, MeasurementRow] = Part()
    goals: Part[UUID, GoalRow] = Part()
    sets: Part[UUID, SetRow] = Part()
    workouts: Part[UUID, WorkoutRow] = Part()
    weekly: Part[str, WeeklyRow] = Part()
    records: Part[UUID, list[RecordRow]] = Part()

    def after(self, state: State) -> "Rows":
        """The rows of a later state."""
        of = _by_entity(state)
        profile = profile_row(of["profile"].get(PROFILE_ID))
        same = of["exercise"] == self.exercise_entities
        exercises = self.exercises if same else KnownExercises(exercise_rows(of["exercise"]))
        measurements = self.measurements.after({i: (e, profile) for i, e in of["measurement"].items()}, measurement_row)
        weighed = measurements.all()
        weights = self.weights if weighed == self.measurements.all() else BodyWeights(weighed)
        sets = self.sets.after(_set_sources(of, exercises, weights), set_row)
        workouts = self.workouts.after(_workout_sources(of, sets.all(), profile), workout_row)
        weeks = _week_sources(workouts.all(), sets.all(), weighed, exercises, profile)
        return Rows(
            profile,
            exercises,
            weights,
            of["exercise"],
            measurements,
            self.goals.after({i: (e,) for i, e in of["goal"].items()}, goal_row),
            sets,
            workouts,
            self.weekly.after(weeks, weekly_row),
            self.records.after(_record_sources(sets.all()), record_rows),
        )

    def weeks(self) -> list[WeeklyRow]:
        """Oldest first, with what each takes over from those before."""
        return carried(self.weekly.all())


def _by_entity(state: State) -> Mapping[str, dict[UUID, Entity]]:
    found: dict[str, dict[UUID, Entity]] = {
        name: {} for name in ("workout", "set", "exercise", "measurement", "profile", "goal")
    }
    for (entity, entity_id), folded in state.items():
        found.setdefault(entity, {})[entity_id] = folded
    return found


def _set_sources(
    of: Mapping[str, Mapping[UUID, Entity]], exercises: Exercises, weights: BodyWeights
) -> Mapping[UUID, tuple[Any, ...]]:
    """A set depends on the body's weight only where its load does."""
    statuses = {workout_id: workout_status(entity) for workout_id, entity in of["workout"].items()}
    return {
        set_id: (
            entity,
            statuses.get(entity.value("workout_id")),
            exercises,
            weights if entity.value("load_basis") in BODY_BASES else NO_WEIGHTS,
        )
        for set_id, entity in of["set"].items()
    }


def _workout_sources(
    of: Mapping[str, Mapping[UUID, Entity]], sets: Iterable[SetRow], profile: ProfileRow
) -> Mapping[UUID, tuple[Any, ...]]:
    held = _grouped((row.workout_id, row) for row in sets)
    return {i: (entity, held.get(i, []), profile.calendar) for i, entity in of["workout"].items()}


def _week_sources(
    workouts: Iterable[WorkoutRow],
    sets: Iterable[SetRow],
    measurements: Iterable[MeasurementRow],
    exercises: Exercises,
    profile: ProfileRow,
) -> Mapping[str, tuple[Any, ...]]:
    week_of = {workout.workout_id: workout.week for workout in workouts}
    trained = _grouped((workout.week, workout) for workout in workouts)
    done = _grouped((week_of[row.workout_id], row) for row in sets if row.shown)
    weighed = _grouped((row.week, row) for row in measurements)
    return {
        week: (trained.get(week, []), done.get(week, []), weighed.get(week, []), exercises, profile.calendar)
        for week in trained.keys() | weighed.keys()
    }


def _record_sources(sets: Iterable[SetRow]) -> Mapping[UUID, tuple[Any, ...]]:
    return {found: (rows,) for found, rows in _grouped((row.exercise_id, row) for row in sets).items()}


def _grouped(pairs: Iterable[tuple[Group, Item]]) -> dict[Group, list[Item]]:
    found: dict[Group, list[Item]] = {}
    for group, item in pairs:
        found.setdefault(group, []).append(item)
    return found
