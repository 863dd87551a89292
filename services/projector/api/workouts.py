"""Workouts and their sets."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.projector.api.answers import marked, paged, perhaps_marked, reads
from services.projector.api.bounds import From, To, between, moment
from services.projector.api.reads import Read, Reads
from services.projector.store import auditing, contents
from services.projector.store.lists import Filter, Listing
from services.projector.views.text import text_of
from shared.domains.workouts.status import WorkoutStatus
from shared.errors import NotFound
from shared.fold import State
from shared.http import Cursor, Limit
from shared.views.sets import SetRow
from shared.views.whole import rows_of
from shared.views.workouts import WorkoutRow

router = APIRouter(tags=["workouts"])

NEWEST_FIRST = Listing(
    "workouts_projection",
    (("started_at", "timestamptz"), ("workout_id", "uuid")),
    newest_first=True,
    identity="workout_id",
)
# As the events up to some time tell it, nothing is degraded.
_WITH_SETS = perhaps_marked(WorkoutRow, sets={"type": "array", "items": perhaps_marked(SetRow)})
AsOf = Annotated[str | None, Query(max_length=64, description="A time with offset, or the end of a day (UTC)")]
Status = Annotated[WorkoutStatus | None, Query()]


@router.get("/workouts", responses=reads(paged(marked(WorkoutRow))))
async def list_workouts(
    read: Reads, start: From = None, end: To = None, status: Status = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """The caller's workouts, newest first; `from` and `to` bound when they started."""
    filters: list[Filter] = between("started_at", start, end)
    if status is not None:
        filters.append(("status = $", status.value))
    return await read.page(NEWEST_FIRST, filters, cursor, limit)


@router.get("/workouts/{workout_id}", responses=reads(_WITH_SETS))
async def show_workout(request: Request, read: Reads, workout_id: UUID, as_of: AsOf = None) -> Response:
    """One workout with its sets, by the time of their completion; with `as_of`, as the events up to then tell it."""
    if as_of is not None:
        departed = await request.app.state.departed_sets.of(read.reading)
        return await _as_of(read, workout_id, departed.get(workout_id, ()), moment("as_of", as_of))
    workout = await contents.workout(read.reading, workout_id)
    if workout is None:
        raise NotFound("you have no such workout")
    rows = await contents.sets_of(read.reading, workout_id)
    sets = ",".join(read.marked(row["content"], row["set_id"]) for row in rows)
    return read.answer(f'{read.marked(workout, workout_id)[:-1]},"sets":[{sets}]}}')


async def _as_of(read: Read, workout_id: UUID, departed: Collection[UUID], as_of: datetime) -> Response:
    state = await auditing.around_workout(read.reading, workout_id, departed, as_of)
    # Of thousands of sets it takes longer than others may wait.
    text = await asyncio.to_thread(_with_sets, state, workout_id)
    if text is None:
        raise NotFound("you had no such workout then")
    return read.answer(text)


def _with_sets(state: State, workout_id: UUID) -> str | None:
    rows = rows_of(state)
    workout = next((row for row in rows["workouts"] if isinstance(row, WorkoutRow)), None)
    if workout is None:
        return None
    done = [row for row in rows["sets"] if isinstance(row, SetRow) and row.workout_id == workout_id]
    sets = ",".join(map(text_of, sorted(done, key=lambda row: (row.completed_at, row.set_id))))
    return f'{text_of(workout)[:-1]},"sets":[{sets}]}}'
