"""For the other services and the operator's commands."""

from typing import Any
from uuid import UUID

import httpx2
from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from services.coach.api.rooms import InRooms
from services.coach.store.export import kept_of
from services.coach.store.overview import dead_letters, overview, retry_reports
from shared.errors import Unavailable
from shared.exports import exported
from shared.http import Page
from shared.policy import service_only

router = APIRouter(prefix="/internal/coach", dependencies=[Depends(service_only)], include_in_schema=False)


@router.get("/export", response_class=StreamingResponse)
async def export(user_id: UUID, here: InRooms) -> StreamingResponse:
    """What coach keeps of a user, as JSON lines."""
    return await exported(kept_of(here.pool, user_id))


@router.get("/status")
async def status(here: InRooms) -> dict[str, Any]:
    """Counts of what is kept, waits and failed."""
    return dict(await overview(here.operators))


@router.get("/dead-letters")
async def letters(here: InRooms) -> Page[dict[str, Any]]:
    """Records that could not be read."""
    return Page(items=[dict(letter) for letter in await dead_letters(here.operators)])


@router.post("/rebuild")
async def rebuild(here: InRooms) -> dict[str, Any]:
    """Forgets the training memory and reads it again from the event store; answers when it is whole."""
    await here.memory.forget_everything()
    try:
        refolded = await here.follower.compare()
    except httpx2.HTTPError as error:
        raise Unavailable("the event store cannot be read: ask again when it is back") from error
    return {"devices": len(refolded)}


@router.post("/reports/retry")
async def retry(here: InRooms) -> dict[str, int]:
    """Tries given-up reports again."""
    return {"retried": await retry_reports(here.operators)}
