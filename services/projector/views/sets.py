"""Sets. They follow from their own events, their workout's status, merges of exercises and the body's weight."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace as changed
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, Numeric, Text, Uuid, text

from services.projector.domain import EntityKey
from services.projector.tables import Moment, key, view_table
from services.projector.views.exercises import SETS_LOGGED, exercises
from services.projector.views.measurements import BODY_WEIGHT_SINCE, body_weights
from services.projector.views.rows import Scope
from services.projector.views.view import View
from services.projector.views.work import Mark, Work
from shared.domains.workouts.status import WorkoutStatus, workout_status
from shared.domains.workouts.volume import volume
from shared.fold import Entity
from shared.views.measurements import BodyWeights
from shared.views.sets import BODY_BASES, SetRow, set_row

# Sets whose load depends on what the body weighed.
_WITH_BODY = f"load_basis IN ({', '.join(repr(basis.value) for basis in sorted(BODY_BASES))})"
TABLE = view_table(
    "sets_projection",
    key("set_id", Uuid),
    Column("workout_id", Uuid, nullable=False),
    Column("exercise_id", Uuid, nullable=False),
    Column("logged_exercise_id", Uuid, nullable=False),
    Column("completed_at", Moment, nullable=False),
    Column("workout_status", Text),
    Column("set_type", Text, nullable=False),
    Column("reps", Integer),
    Column("weight", Numeric),
    Column("load_basis", Text, nullable=False),
    Index(None, "user_id", "workout_id"),
    Index(None, "user_id", "exercise_id", "completed_at"),
    Index(None, "user_id", "completed_at", postgresql_where=text(_WITH_BODY)),
)
IN_WORKOUT = "workout with other sets"
"""Mark: a workout whose sets changed."""
MORE_OF_EXERCISE = "exercise with more sets"
"""Mark: `(exercise as shown, workout)` with sets that count and did not before."""
OTHERS_OF_EXERCISE = "exercise with other sets"
"""Mark: `(exercise as shown, workout)` with sets that counted before and are others, or gone."""

EXACT_UP_TO = 10**9
"""A JSON number holds 15 digits: what weighs more, in kg, is summed again."""
_LOGGED = """
SELECT t.user_id, t.set_id FROM unnest($1::uuid[], $2::uuid[]) AS m (user_id, exercise_id)
JOIN sets_projection t ON t.user_id = m.user_id AND t.logged_exercise_id = m.exercise_id
"""
# One by one: joined, the planner takes a bound for a third of the table.
_WEIGHED = f"""
SELECT m.user_id, t.set_id FROM unnest($1::uuid[], $2::timestamptz[]) AS m (user_id, moment)
CROSS JOIN LATERAL (
  SELECT set_id FROM sets_projection WHERE user_id = m.user_id AND completed_at >= m.moment AND {_WITH_BODY} OFFSET 0
) AS t
"""  # noqa: S608

UserSets = Sequence[tuple[UUID, SetRow]]
Change = tuple[SetRow | None, SetRow | None]
# What sets were and are now, None where there was or is none.
Changes = dict[Mark, Change]


async def refresh(work: Work) -> None:
    await _mark_reached(work, _LOGGED, work.marked(SETS_LOGGED))
    await _mark_reached(work, _WEIGHED, _first_moments(work.marked(BODY_WEIGHT_SINCE)).items())
    before = _by_set(await set_rows(work, ["user_id", "set_id"], work.stored("set")))
    after = _by_set(await _made(work, await work.of_kind("set")))
    pairs = {mark: (before.get(mark), after.get(mark)) for mark in before.keys() | after.keys()}
    changes = {mark: (was, is_now) for mark, (was, is_now) in pairs.items() if was != is_now}
    stored = await _around(work, changes)
    changes |= _with_other_status(await work.of_kind("workout"), stored, changes)
    await _write(work, changes)
    work.remember(_read_sets, _as_changed(stored, changes))
    for (user, _), (was, is_now) in changes.items():
        _mark_change(work, user, was, is_now)


async def _mark_reached(work: Work, query: str, marks: Collection[tuple[UUID, Any]]) -> None:
    """Marks sets that an effect from further away reaches."""
    if marks:
        for row in await work.fetch([TABLE], query, *zip(*marks, strict=True)):
            work.mark("set", row["user_id"], row["set_id"])


def _first_moments(marks: Iterable[tuple[UUID, datetime]]) -> Mapping[UUID, datetime]:
    """The first moment of each user: what follows it follows the others too, and is read once."""
    first: dict[UUID, datetime] = {}
    for user, moment in marks:
        first[user] = min(moment, first.get(user, moment))
    return first


async def _made(work: Work, entities: Mapping[Mark, Entity]) -> UserSets:
    users = {user for user, _ in entities}
    exercises_of = await exercises(work, users)
    weights_of = await body_weights(work, _weighed_at(entities))
    statuses = await _statuses(work, entities)
    made = [
        (
            user,
            set_row(set_id, entity, statuses[user, set_id], exercises_of[user], weights_of.get(user, _UNWEIGHED)),
        )
        for (user, set_id), entity in entities.items()
    ]
    return [(user, row) for user, row in made if row is not None]


def _weighed_at(entities: Mapping[Mark, Entity]) -> Mapping[UUID, Collection[datetime]]:
    """The moments for which it matters what the body weighed, by user."""
    found: defaultdict[UUID, list[datetime]] = defaultdict(list)
    for (user, _), entity in entities.items():
        completed_at = entity.value("completed_at")
        if completed_at is not None and entity.value("load_basis") in BODY_BASES:
            found[user].append(completed_at)
    return found


async def _statuses(work: Work, entities: Mapping[Mark, Entity]) -> Mapping[Mark, WorkoutStatus | None]:
    """The status of the workout of each set. Workouts are made again after their sets, so they are needed anyway."""
    workouts = {mark: EntityKey(mark[0], "workout", entity.value("workout_id")) for mark, entity in entities.items()}
    await work.need(key for key in workouts.values() if key.entity_id is not None)
    return {mark: workout_status(work.entities.get(key)) for mark, key in workouts.items()}


async def _around(work: Work, changes: Changes) -> Mapping[Mark, list[SetRow]]:
    """The stored sets of the workouts that sets join or leave and of those that the batch touched."""
    left_or_joined = {(user, row.workout_id) for (user, _), pair in changes.items() for row in pair if row is not None}
    return await _read_sets(work, left_or_joined | work.marked("workout"))


def _with_other_status(
    touched: Mapping[Mark, Entity], stored: Mapping[Mark, list[SetRow]], changes: Changes
) -> Changes:
    """What becomes of sets that only the status of their workout changes."""
    found: Changes = {}
    for (user, workout_id), entity in touched.items():
        status = workout_status(entity)
        for row in stored[user, workout_id]:
            if row.workout_status is not status and (user, row.set_id) not in changes:
                found[user, row.set_id] = row, changed(row, workout_status=status)
    return found


async def _write(work: Work, changes: Changes) -> None:
    gone = [mark for mark, (_, is_now) in changes.items() if is_now is None]
    await work.replace(TABLE, ["user_id", "set_id"], gone, ())
    await work.put(TABLE, [(user, is_now) for (user, _), (_, is_now) in changes.items() if is_now is not None])


def _as_changed(stored: Mapping[Mark, list[SetRow]], changes: Changes) -> Mapping[Mark, list[SetRow]]:
    """All sets of the workouts as they are by now."""
    found = {
        (user, workout_id): [row for row in rows if (user, row.set_id) not in changes]
        for (user, workout_id), rows in stored.items()
    }
    for (user, _), (_, is_now) in changes.items():
        if is_now is not None:
            found[user, is_now.workout_id].append(is_now)
    return found


def _mark_change(work: Work, user: UUID, was: SetRow | None, is_now: SetRow | None) -> None:
    for row in (was, is_now):
        if row is not None:
            work.mark(IN_WORKOUT, user, row.workout_id)
    counted, counts = _claim(was), _claim(is_now)
    if counted == counts:
        return
    for row, claim in ((was, counted), (is_now, counts)):
        if row is not None and claim is not None:
            kind = MORE_OF_EXERCISE if counted is None else OTHERS_OF_EXERCISE
            work.mark(kind, user, (row.exercise_id, row.workout_id))


def _claim(row: SetRow | None) -> tuple[Any, ...] | None:
    """A set as far as records care; None where it counts for none."""
    return _CLAIMED(row) if row is not None and row.counted and row.working else None


_CLAIMED: Callable[[SetRow], tuple[Any, ...]] = attrgetter(
    "exercise_id", "workout_id", "completed_at", "set_type", "reps", "load_kg", "volume_kg", "e1rm_kg",
    "low_confidence", "duration_s", "distance_m",
)  # fmt: skip


async def set_rows(work: Work, by: Sequence[str], scope: Scope) -> UserSets:
    """Stored sets."""
    return exact(await work.rows_of(TABLE, SetRow, by, scope))


def exact(rows: UserSets) -> UserSets:
    """JSON numbers hold 15 digits, so a great volume is multiplied again."""
    return [(user, row if row.volume_kg < EXACT_UP_TO else _exact(row)) for user, row in rows]


def _exact(row: SetRow) -> SetRow:
    return changed(row, volume_kg=volume(row.reps, row.load_kg))


async def sets_of(work: Work, workouts: Collection[Mark]) -> Mapping[Mark, list[SetRow]]:
    """All sets of each workout, for the views after this one."""
    return await work.once(_read_sets, workouts)


async def _read_sets(work: Work, workouts: Collection[Mark]) -> Mapping[Mark, list[SetRow]]:
    found: dict[Mark, list[SetRow]] = {workout: [] for workout in workouts}
    for user, row in await set_rows(work, ["user_id", "workout_id"], workouts):
        found[user, row.workout_id].append(row)
    return found


def _by_set(rows: UserSets) -> Mapping[Mark, SetRow]:
    return {(user, row.set_id): row for user, row in rows}


_UNWEIGHED = BodyWeights()
VIEW = View("sets", TABLE, refresh)
