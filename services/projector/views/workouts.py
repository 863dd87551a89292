"""Workouts, with the sums of their sets."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Column, Index, Text, Uuid

from services.projector.tables import Moment, key, view_table
from services.projector.views.profile import profiles
from services.projector.views.sets import IN_WORKOUT, sets_of
from services.projector.views.view import View
from services.projector.views.work import Mark, Work
from shared.views.workouts import WorkoutRow, workout_row

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


async def refresh(work: Work) -> None:
    for user, workout_id in work.marked(IN_WORKOUT):
        work.mark("workout", user, workout_id)
    found = await work.of_kind("workout")
    if not found:
        return
    by = ["user_id", "workout_id"]
    sets = await sets_of(work, found.keys())
    profile_of = await profiles(work, {user for user, _ in found})
    made = [
        (user, workout_row(i, entity, sets[user, i], profile_of[user].calendar)) for (user, i), entity in found.items()
    ]
    before = await work.rows_of(TABLE, WorkoutRow, by, work.stored("workout"))
    after = [(user, row) for user, row in made if row is not None]
    await work.replace(TABLE, by, found.keys(), after)
    for user, row in (*before, *after):
        work.mark("week", user, row.week)


async def in_weeks(work: Work, weeks: set[Mark]) -> Mapping[Mark, list[WorkoutRow]]:
    """The workouts of each user's weeks."""
    found: dict[tuple[UUID, str], list[WorkoutRow]] = {mark: [] for mark in weeks}
    for user, row in await work.rows_of(TABLE, WorkoutRow, ["user_id", "week"], weeks):
        found[user, row.week].append(row)
    return found


VIEW = View("workouts", TABLE, refresh)
