"""Exercises: what users added or changed. A merge moves sets; other muscles change the weeks that the sets lie in."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import Boolean, Column, Text, Uuid

from services.projector.domain import EntityKey
from services.projector.tables import key, view_table
from services.projector.views.view import View
from services.projector.views.work import Mark, Work
from shared.fold import NOTHING, Entity
from shared.views.exercises import ExerciseRow, Exercises, exercise_rows

TABLE = view_table(
    "exercises_projection",
    key("exercise_id", Uuid),
    Column("name", Text),
    Column("muscle_category", Text),
    Column("merged_into", Uuid),
    Column("listed", Boolean, nullable=False),
)
SETS_LOGGED = "sets of exercise"
"""Mark: the sets that were logged with this exercise."""
MUSCLES = "muscles of exercise"
"""Mark: an exercise that trains other muscles now."""


async def refresh(work: Work) -> None:
    users = {user for user, _ in work.marked("exercise")}
    if not users:
        return
    before = {
        (user, row.exercise_id): row
        for user, row in await work.rows_of(TABLE, ExerciseRow, ["user_id"], [(user,) for user in users])
    }
    entities = await _all_of(work, users, before)
    rows = {user: exercise_rows(found) for user, found in entities.items()}
    after = {(user, row.exercise_id): row for user, found in rows.items() for row in found}
    changed = {mark: row for mark, row in after.items() if row != before.get(mark)}
    scope = [*(before.keys() - after.keys()), *changed]
    await work.replace(TABLE, ["user_id", "exercise_id"], scope, [(user, row) for (user, _), row in changed.items()])
    work.remember(_read_exercises, {user: Exercises(found) for user, found in rows.items()})
    _mark(work, before, after)


async def _all_of(
    work: Work, users: Iterable[UUID], before: Iterable[tuple[UUID, UUID]]
) -> Mapping[UUID, Mapping[UUID, Entity]]:
    """All exercise entities of the users: what has a row already, and what the batch touched."""
    keys = {EntityKey(user, "exercise", i) for user, i in {*before, *work.marked("exercise")}}
    await work.need(keys)
    found: defaultdict[UUID, dict[UUID, Entity]] = defaultdict(dict)
    for one in keys:
        if work.entities[one] is not NOTHING:  # an event that says nothing of an exercise makes it known all the same
            found[one.user_id][one.entity_id] = work.entities[one]
    return {user: found[user] for user in users}


def _mark(work: Work, before: Mapping[Mark, ExerciseRow], after: Mapping[Mark, ExerciseRow]) -> None:
    for user, exercise_id in before.keys() | after.keys():
        old, new = before.get((user, exercise_id)), after.get((user, exercise_id))
        if (old.merged_into if old else None) != (new.merged_into if new else None):
            work.mark(SETS_LOGGED, user, exercise_id)
        if old is None or new is None or old.muscles() != new.muscles():
            work.mark(MUSCLES, user, exercise_id)


async def exercises(work: Work, users: Collection[UUID]) -> Mapping[UUID, Exercises]:
    """What each user can mean by an exercise id."""
    return await work.once(_read_exercises, users)


async def _read_exercises(work: Work, users: Collection[UUID]) -> Mapping[UUID, Exercises]:
    found: defaultdict[UUID, list[ExerciseRow]] = defaultdict(list)
    for user, row in await work.rows_of(TABLE, ExerciseRow, ["user_id"], [(user,) for user in users]):
        found[user].append(row)
    return {user: Exercises(found[user]) for user in users}


VIEW = View("exercises", TABLE, refresh)
