"""The rows of a folded state, made anew only where what they are made from has changed."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.domains.profile.fold import PROFILE_ID
from shared.domains.workouts.status import workout_status
from shared.fold import Entity, State
from shared.views.exercises import ExerciseRow, Exercises, exercise_rows
from shared.views.goals import GoalRow, goal_row
from shared.views.measurements import BodyWeights, MeasurementRow, measurement_row
from shared.views.profile import BLANK_PROFILE, ProfileRow, profile_row
from shared.views.records import RecordRow, record_rows
from shared.views.sets import BODY_BASES, SetRow, set_row
from shared.views.weekly import WeeklyRow, carried, weekly_row
from shared.views.workouts import WorkoutRow, workout_row

Made = TypeVar("Made")
Item = TypeVar("Item")
Group = TypeVar("Group", bound=Hashable)
# A row's key and what it is made from. The keys are numbers or labels: Python hashes a UUID ten times as slowly.
Sources = Mapping[Any, tuple[Any, ...]]
Entities = Sequence[tuple[UUID, Entity]]


class KnownExercises(Exercises):
    """Told apart by identity: comparing catalogues for each set would cost more than making its row."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


NO_EXERCISES = KnownExercises()
NO_WEIGHTS = BodyWeights()


@dataclass(frozen=True, slots=True)
class Part(Generic[Made]):
    """What was made, by key, with what it was made from."""

    kept: Mapping[Any, tuple[tuple[Any, ...], Made | None]] = field(default_factory=dict)
    made: Sequence[Made] = ()

    def after(self, sources: Sources, make: Callable[..., Made | None]) -> "Part[Made]":
        """The same for new sources. Equal ones, which mostly are the very same objects, are not made again."""
        kept = {}
        for key, source in sources.items():
            had = self.kept.get(key)
            kept[key] = had if had is not None and had[0] == source else (source, make(*source))
        return Part(kept, [row for _, row in kept.values() if row is not None])


@dataclass(frozen=True, slots=True)
class Making:
    """How each kind of row comes from what it is made from: by the shared views, as long as nobody says otherwise."""

    exercises: Callable[[Mapping[UUID, Entity]], Iterable[ExerciseRow]] = exercise_rows
    measurement: Callable[..., MeasurementRow | None] = measurement_row
    goal: Callable[..., GoalRow | None] = goal_row
    set: Callable[..., SetRow | None] = set_row
    workout: Callable[..., WorkoutRow | None] = workout_row
    week: Callable[..., WeeklyRow | None] = weekly_row
    records: Callable[..., list[RecordRow] | None] = record_rows


BY_THE_VIEWS = Making()


@dataclass(frozen=True, slots=True)
class Rows:
    """What coach reads of a user. Equal to the shared views of the same state, however it was come to."""

    profile: ProfileRow = BLANK_PROFILE
    exercises: Exercises = NO_EXERCISES
    weights: BodyWeights = NO_WEIGHTS
    exercise_entities: Entities = ()
    measurements: Part[MeasurementRow] = Part()
    goals: Part[GoalRow] = Part()
    sets: Part[SetRow] = Part()
    workouts: Part[WorkoutRow] = Part()
    weekly: Part[WeeklyRow] = Part()
    records: Part[list[RecordRow]] = Part()

    def after(self, state: State, make: Making = BY_THE_VIEWS) -> "Rows":
        """The rows of a later state."""
        of = _by_entity(state)
        profile = profile_row(dict(of["profile"]).get(PROFILE_ID))
        same = of["exercise"] == self.exercise_entities
        exercises = self.exercises if same else KnownExercises(make.exercises(dict(of["exercise"])))
        weighings = {i.int: (i, e, profile) for i, e in of["measurement"]}
        measurements = self.measurements.after(weighings, make.measurement)
        weighed = measurements.made
        weights = self.weights if weighed == self.measurements.made else BodyWeights(weighed)
        sets = self.sets.after(_set_sources(of, exercises, weights), make.set)
        workouts = self.workouts.after(_workout_sources(of["workout"], sets.made, profile), make.workout)
        weeks = _week_sources(workouts.made, weighed, exercises, profile)
        return Rows(
            profile,
            exercises,
            weights,
            of["exercise"],
            measurements,
            self.goals.after({i.int: (i, e) for i, e in of["goal"]}, make.goal),
            sets,
            workouts,
            self.weekly.after(weeks, make.week),
            self.records.after(_record_sources(sets.made), make.records),
        )

    def weeks(self) -> list[WeeklyRow]:
        """Oldest first, with what each takes over from those before."""
        return carried(self.weekly.made)


def _by_entity(state: State) -> Mapping[str, list[tuple[UUID, Entity]]]:
    found: dict[str, list[tuple[UUID, Entity]]] = {
        name: [] for name in ("workout", "set", "exercise", "measurement", "profile", "goal")
    }
    for (entity, entity_id), folded in state.items():
        if (of := found.get(entity)) is not None:
            of.append((entity_id, folded))
    return found


def _set_sources(of: Mapping[str, Entities], exercises: Exercises, weights: BodyWeights) -> Sources:
    """A set depends on the body's weight only where its load does."""
    statuses = {workout_id.int: workout_status(entity) for workout_id, entity in of["workout"]}
    return {
        set_id.int: (
            set_id,
            entity,
            statuses.get(workout_id.int) if (workout_id := entity.value("workout_id")) else None,
            exercises,
            weights if entity.value("load_basis") in BODY_BASES else NO_WEIGHTS,
        )
        for set_id, entity in of["set"]
    }


def _workout_sources(workouts: Entities, sets: Iterable[SetRow], profile: ProfileRow) -> Sources:
    held = grouped((row.workout_id.int, row) for row in sets)
    calendar = profile.calendar
    return {i.int: (i, entity, held.get(i.int, []), calendar) for i, entity in workouts}


def _week_sources(
    workouts: Iterable[WorkoutRow],
    measurements: Iterable[MeasurementRow],
    exercises: Exercises,
    profile: ProfileRow,
) -> Sources:
    trained = grouped((workout.week, workout) for workout in workouts)
    weighed = grouped((row.week, row) for row in measurements)
    calendar = profile.calendar
    return {
        week: (week, trained.get(week, []), weighed.get(week, []), exercises, calendar)
        for week in trained.keys() | weighed.keys()
    }


def _record_sources(sets: Iterable[SetRow]) -> Sources:
    by_exercise = grouped((row.exercise_id.int, row) for row in sets)
    return {found: (rows[0].exercise_id, rows) for found, rows in by_exercise.items()}


def grouped(pairs: Iterable[tuple[Group, Item]]) -> dict[Group, list[Item]]:
    """Items by the key that each comes with, in their order."""
    found: dict[Group, list[Item]] = {}
    for key, item in pairs:
        if (group := found.get(key)) is None:
            found[key] = [item]
        else:
            group.append(item)
    return found
