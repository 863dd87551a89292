"""Sets. They follow from their own events, their workout's status, merges of exercises and the body's weight."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace as changed
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, Numeric, Text, Uuid

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
)
IN_WORKOUT = "workout with other sets"
"""Mark: a workout whose sets changed."""
MORE_OF_EXERCISE = "exercise with more sets"
"""Mark: `(exercise as shown, workout)` with sets that count and did not before."""
OTHERS_OF_EXERCISE = "exercise with other sets"
"""Mark: `(exercise as shown, workout)` with sets that counted before and are others, or gone."""

_EXACT_UP_TO = 10**9
_LOGGED = """
SELECT t.user_id, t.set_id FROM unnest($1::uuid[], $2::uuid[]) AS m (user_id, exercise_id)
JOIN sets_projection t ON t.user_id = m.user_id AND t.logged_exercise_id = m.exercise_id
"""
_WEIGHED = """
SELECT DISTINCT t.user_id, t.set_id FROM unnest($1::uuid[], $2::timestamptz[]) AS m (user_id, moment)
JOIN sets_projection t ON t.user_id = m.user_id AND t.completed_at >= m.moment
WHERE t.load_basis IN ('bodyweight', 'assisted')
"""
_STATUSES = """
SELECT t.user_id, t.workout_id, t.status FROM unnest($1::uuid[], $2::uuid[]) AS m (user_id, workout_id)
JOIN workouts_projection t USING (user_id, workout_id)
"""

UserSets = Sequence[tuple[UUID, SetRow]]


async def refresh(work: Work) -> None:
    await _mark_reached(work, _LOGGED, SETS_LOGGED)
    await _mark_reached(work, _WEIGHED, BODY_WEIGHT_SINCE)
    marked = work.marked("set")
    before = await set_rows(work, ["user_id", "set_id"], marked)
    after = await _made(work, await work.of_kind("set"))
    await work.replace(TABLE, ["user_id", "set_id"], marked, after)
    moved_before, moved_after = await _with_other_status(work)
    _mark_changes(work, before, after)
    _mark_changes(work, moved_before, moved_after)


async def _mark_reached(work: Work, query: str, kind: str) -> None:
    """Marks sets that an effect from further away reaches."""
    if work.marked(kind):
        for row in await work.connection.fetch(query, *zip(*work.marked(kind), strict=True)):
            work.mark("set", row["user_id"], row["set_id"])


async def _made(work: Work, entities: Mapping[Mark, Entity]) -> UserSets:
    users = {user for user, _ in entities}
    exercises_of = await exercises(work, users)
    weighing = {user for (user, _), entity in entities.items() if entity.value("load_basis") in BODY_BASES}
    weights_of = await body_weights(work, weighing)
    statuses = await _statuses(work, {(user, entity.value("workout_id")) for (user, _), entity in entities.items()})
    made = [
        (
            user,
            set_row(
                set_id,
                entity,
                statuses.get((user, entity.value("workout_id"))),
                exercises_of[user],
                weights_of.get(user, _UNWEIGHED),
            ),
        )
        for (user, set_id), entity in entities.items()
    ]
    return [(user, row) for user, row in made if row is not None]


async def _statuses(work: Work, workouts: Iterable[tuple[UUID, UUID | None]]) -> Mapping[Mark, WorkoutStatus | None]:
    """The status of each workout: from its entity where the batch has it, else as it is stored."""
    known: dict[Mark, WorkoutStatus | None] = {}
    stored: list[tuple[UUID, UUID]] = []
    for user, workout_id in workouts:
        if workout_id is None:
            continue
        entity = work.entities.get(EntityKey(user, "workout", workout_id))
        if entity is None:
            stored.append((user, workout_id))
        else:
            known[user, workout_id] = workout_status(entity)
    if stored:
        for row in await work.connection.fetch(_STATUSES, *zip(*stored, strict=True)):
            known[row["user_id"], row["workout_id"]] = WorkoutStatus(row["status"])
    return known


async def _with_other_status(work: Work) -> tuple[UserSets, UserSets]:
    """The sets, before and after, of touched workouts whose status has changed; the sets' own events do not matter."""
    found = await work.of_kind("workout")
    statuses = {mark: workout_status(entity) for mark, entity in found.items()}
    rows = await set_rows(work, ["user_id", "workout_id"], found.keys())
    before = [(user, row) for user, row in rows if statuses[user, row.workout_id] is not row.workout_status]
    after = [(user, changed(row, workout_status=statuses[user, row.workout_id])) for user, row in before]
    await work.replace(TABLE, ["user_id", "set_id"], [(user, row.set_id) for user, row in after], after)
    return before, after


def _mark_changes(work: Work, before: UserSets, after: UserSets) -> None:
    """Says which workouts hold other sets, and which exercises have more sets or others that count."""
    old = {(user, row.set_id): row for user, row in before}
    new = {(user, row.set_id): row for user, row in after}
    for mark in old.keys() | new.keys():
        was, is_now = old.get(mark), new.get(mark)
        if was != is_now:
            _mark_change(work, mark[0], was, is_now)


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
    return [(user, row if row.volume_kg < _EXACT_UP_TO else _exact(row)) for user, row in rows]


def _exact(row: SetRow) -> SetRow:
    return changed(row, volume_kg=volume(row.reps, row.load_kg))


def by_workout(rows: UserSets) -> Mapping[tuple[UUID, Any], list[SetRow]]:
    """The rows of each user's workout."""
    found: defaultdict[tuple[UUID, Any], list[SetRow]] = defaultdict(list)
    for user, row in rows:
        found[user, row.workout_id].append(row)
    return found


_UNWEIGHED = BodyWeights()
VIEW = View("sets", TABLE, refresh)
