"""Every view of one user at once: the client's projections, and what the projector's incremental result must equal."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

import tzdata

from shared.digests import Digest, content_digest
from shared.domains.exercises.catalogue import CATALOGUE_VERSION
from shared.domains.profile.fold import PROFILE_ID
from shared.domains.workouts.status import workout_status
from shared.domains.workouts.weeks import Calendar
from shared.fold import Entity, State
from shared.views.conflicts import conflicts_of
from shared.views.exercises import Exercises, exercise_rows
from shared.views.goals import goal_row
from shared.views.measurements import BodyWeights, MeasurementRow, measurement_row
from shared.views.profile import BLANK_PROFILE, ProfileRow, profile_row
from shared.views.records import RecordRow, record_rows
from shared.views.rows import Row
from shared.views.sets import SetRow, set_row
from shared.views.templates import template_row
from shared.views.weekly import WeeklyRow, carried, weekly_row
from shared.views.workouts import WorkoutRow, workout_row

VIEWS_VERSION = 3
"""Grows with every change that makes other rows of the same events."""

FOLD_VERSION = f"{VIEWS_VERSION}-catalogue{CATALOGUE_VERSION}-tzdata{tzdata.IANA_VERSION}"
"""Content digests are comparable only where these are equal (law 8)."""

Views = Mapping[str, list[Row]]
Item = TypeVar("Item", bound=Row)
Of = Mapping[UUID, Entity]


def rows_of(state: State) -> Views:
    """All rows of all views of one user, by view, in no particular order."""
    of = _by_entity(state)
    profile = profile_row(of["profile"].get(PROFILE_ID))
    exercises = exercise_rows(of["exercise"])
    measurements = _present(measurement_row(i, entity, profile) for i, entity in of["measurement"].items())
    known = Exercises(exercises)
    sets = _sets(of["set"], of["workout"], known, BodyWeights(measurements))
    done = _by_id(sets, "workout_id")
    workouts = _workouts(of["workout"], done, profile.calendar)
    return {
        "workouts": [*workouts],
        "sets": [*sets],
        "exercises": [*exercises],
        "measurements": [*measurements],
        "weekly": [*_weeks(workouts, measurements, known, profile.calendar)],
        "records": [*_records(sets)],
        "templates": [*_present(template_row(i, entity) for i, entity in of["template"].items())],
        "profile": _profile(profile),
        "goals": [*_present(goal_row(i, entity) for i, entity in of["goal"].items())],
        "conflicts": [*conflicts_of(state)],
    }


def content_digest_of(state: State) -> Digest:
    """The content digest of the user whose state it is (law 9)."""
    return digest_of_rows(row for rows in rows_of(state).values() for row in rows)


def digest_of_rows(rows: Iterable[Row]) -> Digest:
    """The content digest of rows, in whatever order; digests of disjoint sets of rows add up."""
    return content_digest(row.content() for row in rows)


def _by_entity(state: State) -> Mapping[str, dict[UUID, Entity]]:
    found: dict[str, dict[UUID, Entity]] = {
        name: {} for name in ("workout", "set", "exercise", "measurement", "profile", "goal", "template")
    }
    for (entity, entity_id), folded in state.items():
        found.setdefault(entity, {})[entity_id] = folded
    return found


def _present(rows: Iterable[Item | None]) -> list[Item]:
    return [row for row in rows if row is not None]


def _sets(sets: Of, workouts: Of, exercises: Exercises, weights: BodyWeights) -> list[SetRow]:
    statuses = {workout_id: workout_status(entity) for workout_id, entity in workouts.items()}
    return _present(
        set_row(set_id, entity, statuses.get(entity.value("workout_id")), exercises, weights)
        for set_id, entity in sets.items()
    )


def _workouts(workouts: Of, done: Mapping[UUID, list[SetRow]], calendar: Calendar) -> list[WorkoutRow]:
    return _present(workout_row(i, entity, done.get(i, ()), calendar) for i, entity in workouts.items())


def _weeks(
    workouts: Iterable[WorkoutRow],
    measurements: Iterable[MeasurementRow],
    exercises: Exercises,
    calendar: Calendar,
) -> list[WeeklyRow]:
    trained = _grouped((workout.week, workout) for workout in workouts)
    weighed = _grouped((row.week, row) for row in measurements)
    return carried(
        _present(
            weekly_row(week, trained.get(week, ()), weighed.get(week, ()), exercises, calendar)
            for week in trained.keys() | weighed.keys()
        )
    )


def _records(sets: Iterable[SetRow]) -> Iterator[RecordRow]:
    for exercise_id, rows in _by_id(sets, "exercise_id").items():
        yield from record_rows(exercise_id, rows)


def _by_id(sets: Iterable[SetRow], name: str) -> dict[UUID, list[SetRow]]:
    """The rows by one of their ids. Those of one id come in runs: comparing its number is faster than looking it up."""
    found: dict[UUID, list[SetRow]] = {}
    for _, run in groupby(sets, attrgetter(f"{name}.int")):
        rows = list(run)
        found.setdefault(getattr(rows[0], name), []).extend(rows)
    return found


def _profile(profile: ProfileRow) -> list[Row]:
    return [] if profile == BLANK_PROFILE else [profile]


def _grouped(pairs: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for group, item in pairs:
        found.setdefault(group, []).append(item)
    return found
