"""Workouts, with the sums of their sets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Column, Index, Text, Uuid

from services.projector.tables import Moment, key, view_table
from services.projector.views.profile import profiles
from services.projector.views.sets import EXACT_UP_TO, IN_WORKOUT, sets_of
from services.projector.views.view import View
from services.projector.views.work import Mark, Work
from shared.views.workouts import WorkoutRow, tonnage, workout_row

TABLE = view_table(
    "workouts_projection",
    key("workout_id", Uuid),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("status", Text, nullable=False),
    Column("week", Text, nullable=False),
    Index(None, "user_id", "started_at"),
    Index(None, "user_id", "week"),
)
# Workouts, all others of the weeks in which these lie, and all of some weeks more.
_AROUND = """
WITH weeks AS (
  SELECT user_id, week FROM unnest($1::uuid[], $2::uuid[]) AS m (user_id, workout_id)
  JOIN workouts_projection USING (user_id, workout_id)
  UNION SELECT user_id, week FROM unnest($3::uuid[], $4::text[]) AS n (user_id, week)
)
SELECT t.user_id, t.content FROM weeks JOIN workouts_projection t USING (user_id, week)
"""


async def refresh(work: Work) -> None:
    for user, workout_id in work.marked(IN_WORKOUT):
        work.mark("workout", user, workout_id)
    found = await work.of_kind("workout")
    if not found:
        return
    sets = await sets_of(work, found.keys())
    profile_of = await profiles(work, {user for user, _ in found})
    made = [
        (user, workout_row(i, entity, sets[user, i], profile_of[user].calendar)) for (user, i), entity in found.items()
    ]
    after = {(user, row.workout_id): row for user, row in made if row is not None}
    around = await _around(work, {(user, row.week) for (user, _), row in after.items()})
    before = {mark: row for mark, row in around.items() if mark in found}
    weeks = {(user, row.week) for (user, _), row in (*before.items(), *after.items())}
    for user, week in weeks:
        work.mark("week", user, week)
    rows = [(user, row) for (user, _), row in after.items()]
    await work.replace(TABLE, ["user_id", "workout_id"], found.keys(), rows)
    others = {mark: row for mark, row in around.items() if mark not in found}
    work.remember(_read_weeks, _by_week(weeks, others | after))


async def _around(work: Work, weeks: Collection[Mark]) -> Mapping[Mark, WorkoutRow]:
    """The stored rows of the batch's workouts, and of the others in their weeks and in these ones."""
    stored = work.stored("workout")
    ids = [user for user, _ in stored], [workout_id for _, workout_id in stored]
    labels = [user for user, _ in weeks], [week for _, week in weeks]
    return await _exact(work, await work.rows_by([TABLE], WorkoutRow, _AROUND, *ids, *labels))


async def _exact(work: Work, rows: Iterable[tuple[UUID, WorkoutRow]]) -> Mapping[Mark, WorkoutRow]:
    """Stored workouts with the whole of what they weigh."""
    found = {(user, row.workout_id): row for user, row in rows}
    heavy = [mark for mark, row in found.items() if row.tonnage_kg >= EXACT_UP_TO]
    sets = await sets_of(work, heavy)
    return found | {mark: replace(found[mark], tonnage_kg=tonnage(sets[mark])) for mark in heavy}


async def in_weeks(work: Work, weeks: Collection[Mark]) -> Mapping[Mark, Sequence[WorkoutRow]]:
    """The workouts of each user's weeks."""
    found = await work.once(_read_weeks, weeks)
    return {week: found[week] for week in weeks}


async def _read_weeks(work: Work, weeks: Collection[Mark]) -> Mapping[Mark, Sequence[WorkoutRow]]:
    rows = await work.rows_of(TABLE, WorkoutRow, ["user_id", "week"], weeks)
    return _by_week(weeks, await _exact(work, rows))


def _by_week(weeks: Iterable[Mark], rows: Mapping[Mark, WorkoutRow]) -> Mapping[Mark, Sequence[WorkoutRow]]:
    found: dict[Mark, list[WorkoutRow]] = {week: [] for week in weeks}
    for (user, _), row in rows.items():
        if (user, row.week) in found:
            found[user, row.week].append(row)
    return found


VIEW = View("workouts", TABLE, refresh)
