"""Measurements, the profile, and what weeks amount to."""

from fastapi import APIRouter, Response

from services.projector.api.answers import marked, paged, reads, shape
from services.projector.api.bounds import From, To, between, weeks_between
from services.projector.api.reads import Reads
from services.projector.store import contents
from services.projector.store.lists import Listing
from shared.digests import canonical_json
from shared.http import Cursor, Limit
from shared.views.goals import GoalRow
from shared.views.measurements import MeasurementRow
from shared.views.profile import BLANK_PROFILE, ProfileRow
from shared.views.weekly import WeeklyRow

router = APIRouter()

MEASUREMENTS = Listing(
    "measurements_projection",
    (("measured_at", "timestamptz"), ("measurement_id", "uuid")),
    newest_first=True,
    identity="measurement_id",
)
WEEKS = Listing("weekly_metrics", (("week_start", "date"), ("week", "text")))
GOALS = Listing("goals_projection", (("goal_id", "uuid"),), identity="goal_id")
_GOAL_LIST = {"type": "array", "items": marked(GoalRow)}


@router.get("/measurements", tags=["body"], responses=reads(paged(marked(MeasurementRow))))
async def list_measurements(
    read: Reads, start: From = None, end: To = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Body measurements, newest first."""
    return await read.page(MEASUREMENTS, between("measured_at", start, end), cursor, limit)


@router.get("/metrics/weekly", tags=["metrics"], responses=reads(paged(shape(WeeklyRow))))
async def list_weeks(
    read: Reads, start: From = None, end: To = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """The weeks that hold a workout or a measurement, oldest first; `from` and `to` may be weeks, too (`2026-W47`)."""
    return await read.page(WEEKS, weeks_between(start, end), cursor, limit)


@router.get("/profile", tags=["profile"], responses=reads(shape(ProfileRow, goals=_GOAL_LIST)))
async def show_profile(read: Reads) -> Response:
    """The profile, with null for what was never said, and the goals."""
    profile = await contents.profile(read.reading) or canonical_json(BLANK_PROFILE.content())
    rows = await contents.goals(read.reading)
    goals = ",".join(read.marked(row["content"], row["goal_id"]) for row in rows)
    return read.answer(f'{profile[:-1]},"goals":[{goals}]}}')


@router.get("/goals", tags=["profile"], responses=reads(paged(marked(GoalRow))))
async def list_goals(read: Reads, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Goals."""
    return await read.page(GOALS, (), cursor, limit)
