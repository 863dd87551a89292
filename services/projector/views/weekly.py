"""Weekly metrics, made again for just the weeks that something touched; what weeks hand on is carried from there."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Column, Date, Index, Text

from services.projector.tables import key, view_table
from services.projector.views.exercises import MUSCLES, exercises
from services.projector.views.measurements import TABLE as MEASUREMENTS
from services.projector.views.profile import profiles
from services.projector.views.rows import replace, rows_of
from services.projector.views.sets import by_workout, set_rows
from services.projector.views.view import View
from services.projector.views.work import Mark, Work
from services.projector.views.workouts import in_weeks
from shared.views.measurements import MeasurementRow
from shared.views.weekly import WeeklyRow, carried, weekly_row

TABLE = view_table(
    "weekly_metrics",
    key("week", Text),
    Column("week_start", Date, nullable=False),
    Index(None, "user_id", "week_start"),
)
_TRAINED = """
SELECT DISTINCT t.user_id, w.week FROM unnest($1::uuid[], $2::uuid[]) AS m (user_id, exercise_id)
JOIN sets_projection t USING (user_id, exercise_id) JOIN workouts_projection w USING (user_id, workout_id)
"""


async def refresh(work: Work) -> None:
    await _mark_trained(work)
    weeks = work.marked("week")
    if not weeks:
        return
    made = await _made(work, weeks)
    await _write(work, weeks, made)


async def _mark_trained(work: Work) -> None:
    """Marks the weeks with sets of exercises that train other muscles now."""
    if work.marked(MUSCLES):
        for row in await work.connection.fetch(_TRAINED, *zip(*work.marked(MUSCLES), strict=True)):
            work.mark("week", row["user_id"], row["week"])


async def _made(work: Work, weeks: set[Mark]) -> Mapping[Mark, WeeklyRow | None]:
    users = {user for user, _ in weeks}
    profile_of, exercises_of = await profiles(work, users), await exercises(work, users)
    workouts = await in_weeks(work, weeks)
    held = [(user, workout.workout_id) for (user, _), found in workouts.items() for workout in found]
    sets = by_workout(await set_rows(work.connection, ["user_id", "workout_id"], held))
    weighed = await _measurements(work, weeks)
    return {
        (user, week): weekly_row(
            week,
            found,
            [row for workout in found for row in sets.get((user, workout.workout_id), ())],
            weighed[user, week],
            exercises_of[user],
            profile_of[user].calendar,
        )
        for (user, week), found in workouts.items()
    }


async def _measurements(work: Work, weeks: set[Mark]) -> Mapping[Mark, list[MeasurementRow]]:
    found: defaultdict[Mark, list[MeasurementRow]] = defaultdict(list)
    for user, row in await rows_of(work.connection, MEASUREMENTS, MeasurementRow, ["user_id", "week"], weeks):
        found[user, row.week].append(row)
    return found


async def _write(work: Work, weeks: Collection[Mark], made: Mapping[Mark, WeeklyRow | None]) -> None:
    """Writes the touched weeks, and those after them to which they hand on something else than before."""
    users = {user for user, _ in weeks}
    stored = await rows_of(work.connection, TABLE, WeeklyRow, ["user_id"], [(user,) for user in users])
    standing = {(user, row.week): row for user, row in stored}
    current = {**standing, **made}
    changed: list[tuple[UUID, WeeklyRow]] = []
    for user, rows in _by_user(current).items():
        changed += [(user, row) for row in carried(rows) if row != standing.get((user, row.week))]
    scope = {*weeks, *((user, row.week) for user, row in changed)}
    kept = [(user, standing[user, week]) for user, week in scope if (user, week) in standing and made.get((user, week))]
    written = {(user, row.week): (user, row) for user, row in (*kept, *changed)}
    await replace(work.connection, TABLE, ["user_id", "week"], scope, written.values())


def _by_user(rows: Mapping[Mark, WeeklyRow | None]) -> Mapping[UUID, list[WeeklyRow]]:
    found: defaultdict[UUID, list[WeeklyRow]] = defaultdict(list)
    for (user, _), row in rows.items():
        if row is not None:
            found[user].append(row)
    return found


VIEW = View("weekly", TABLE, refresh)
