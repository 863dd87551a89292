"""Weekly metrics, made again for just the weeks that something touched; what weeks hand on is carried from there."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import Column, Date, Index, Text

from services.projector.tables import key, view_table
from services.projector.views.exercises import MUSCLES, exercises
from services.projector.views.measurements import TABLE as MEASUREMENTS
from services.projector.views.profile import profiles
from services.projector.views.sets import TABLE as SETS
from services.projector.views.view import View
from services.projector.views.work import Mark, Work
from services.projector.views.workouts import TABLE as WORKOUTS
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

_FROM_BEFORE = """
SELECT t.user_id, t.content FROM unnest($1::uuid[], $2::text[]) AS m (user_id, first)
JOIN weekly_metrics t ON t.user_id = m.user_id AND t.week >= coalesce(
  (SELECT max(b.week) FROM weekly_metrics b WHERE b.user_id = m.user_id AND b.week < m.first), m.first)
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
        for row in await work.fetch([SETS, WORKOUTS], _TRAINED, *zip(*work.marked(MUSCLES), strict=True)):
            work.mark("week", row["user_id"], row["week"])


async def _made(work: Work, weeks: set[Mark]) -> Mapping[Mark, WeeklyRow | None]:
    users = {user for user, _ in weeks}
    profile_of, exercises_of = await profiles(work, users), await exercises(work, users)
    workouts = await in_weeks(work, weeks)
    weighed = await _measurements(work, weeks)
    return {
        (user, week): weekly_row(
            week,
            found,
            weighed[user, week],
            exercises_of[user],
            profile_of[user].calendar,
        )
        for (user, week), found in workouts.items()
    }


async def _measurements(work: Work, weeks: set[Mark]) -> Mapping[Mark, list[MeasurementRow]]:
    found: defaultdict[Mark, list[MeasurementRow]] = defaultdict(list)
    for user, row in await work.rows_of(MEASUREMENTS, MeasurementRow, ["user_id", "week"], weeks):
        found[user, row.week].append(row)
    return found


async def _write(work: Work, weeks: Collection[Mark], made: Mapping[Mark, WeeklyRow | None]) -> None:
    """Writes the touched weeks, and those after them to which they hand on something else than before."""
    standing = await _standing(work, weeks)
    rows: defaultdict[UUID, list[WeeklyRow]] = defaultdict(list)
    for (user, _), row in {**standing, **made}.items():
        if row is not None:
            rows[user].append(row)
    written: list[tuple[UUID, WeeklyRow]] = []
    for user, first in _first_weeks(weeks).items():
        before = next((row for row in rows[user] if row.week < first), None)
        written += [(user, row) for row in carried((row for row in rows[user] if row.week >= first), before)]
    changed = [(user, row) for user, row in written if row != standing.get((user, row.week))]
    gone = [mark for mark in weeks if mark in standing and made[mark] is None]
    await work.replace(TABLE, ["user_id", "week"], [*gone, *((user, row.week) for user, row in changed)], changed)


async def _standing(work: Work, weeks: Collection[Mark]) -> Mapping[Mark, WeeklyRow]:
    """The stored weeks of each user from the one before the first touched week on."""
    first = _first_weeks(weeks)
    rows = await work.rows_by([TABLE], WeeklyRow, _FROM_BEFORE, *zip(*first.items(), strict=True))
    return {(user, row.week): row for user, row in rows}


def _first_weeks(weeks: Iterable[Mark]) -> Mapping[UUID, str]:
    """The first of each user's weeks; labels sort as the weeks do."""
    first: dict[UUID, str] = {}
    for user, week in weeks:
        first[user] = min(week, first.get(user, week))
    return first


VIEW = View("weekly", TABLE, refresh)
