"""Workouts and their sets."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from services.projector.api.reads import Cursor, From, Limit, Reads, To, between
from services.projector.store.lists import Filter, Listing
from shared.domains.workouts.status import WorkoutStatus
from shared.errors import NotFound

router = APIRouter(tags=["workouts"])

NEWEST_FIRST = Listing(
    "workouts_projection",
    (("started_at", "timestamptz"), ("workout_id", "uuid")),
    newest_first=True,
    identity="workout_id",
)
_ONE = "SELECT content FROM workouts_projection WHERE user_id = $1 AND workout_id = $2"
_SETS = """
SELECT content, set_id FROM sets_projection WHERE user_id = $1 AND workout_id = $2 ORDER BY completed_at, set_id
"""
Status = Annotated[WorkoutStatus | None, Query()]


@router.get("/workouts")
async def list_workouts(
    read: Reads, start: From = None, end: To = None, status: Status = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """The caller's workouts, newest first; `from` and `to` bound when they started."""
    filters: list[Filter] = between("started_at", start, end)
    if status is not None:
        filters.append(("status = $", status.value))
    return await read.page(NEWEST_FIRST, filters, cursor, limit)


@router.get("/workouts/{workout_id}")
async def show_workout(read: Reads, workout_id: UUID, as_of: AwareDatetime | None = None) -> Response:
    """One workout with its sets, by the time of their completion."""
    workout = await read.reading.one(_ONE, read.reading.user_id, workout_id)
    if workout is None:
        raise NotFound("you have no such workout")
    rows = await read.reading.rows(_SETS, read.reading.user_id, workout_id)
    sets = ",".join(read.marked(row["content"], row["set_id"]) for row in rows)
    return read.answer(f'{read.marked(workout, workout_id)[:-1]},"sets":[{sets}]}}')
