"""What operators and the other services ask, by the service token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.projector.rebuild.start import Rebuilding
from services.projector.store import generations, loading, operating, positions
from services.projector.store.batch import NoGeneration, enter
from services.projector.views import views
from shared.database import Database
from shared.errors import Conflict, NotFound, Unavailable
from shared.exports import exported
from shared.http import Cursor, InternalLimit, Limit, page_of
from shared.policy import service_only
from shared.positions import last_device, last_event
from shared.postgres import Connection
from shared.values import SequenceNumber

router = APIRouter(prefix="/internal/projector", include_in_schema=False, dependencies=[Depends(service_only)])


class RebuildAsked(BaseModel):
    """`view` makes the rows of one view again, in place; without it everything is made anew, beside what is read."""

    view: str | None = None


@asynccontextmanager
async def entered(request: Request) -> AsyncIterator[tuple[Connection, str]]:
    """A transaction of the worker's role in the live generation, with its name."""
    database: Database = request.app.state.operating
    async with database.acquire() as connection, connection.transaction():
        try:
            name = await enter(connection)
        except NoGeneration as error:
            raise Unavailable("the read models are not made yet") from error
        yield connection, name


@router.post("/rebuild", status_code=202)
async def start_rebuild(request: Request, asked: RebuildAsked | None = None) -> dict[str, Any]:
    """Starts a rebuild in a process of its own; `GET` shows how far it is."""
    view = asked.view if asked else None
    if view is not None and view not in {one.name for one in views()}:
        raise NotFound(f"there is no view {view!r}; there are {', '.join(one.name for one in views())}")
    rebuilding: Rebuilding = request.app.state.rebuilding
    database: Database = request.app.state.operating
    async with database.acquire() as connection:
        elsewhere = view is None and await loading.is_rebuilding(connection)
    if elsewhere or not await rebuilding.start(view):
        raise Conflict("a rebuild is running already")
    return {"started": True}


@router.get("/rebuild")
async def show_rebuild(request: Request) -> dict[str, Any]:
    """Whether a rebuild runs, here or in another process, how the last one ended, and all generations with their
    progress, the newest first."""
    rebuilding: Rebuilding = request.app.state.rebuilding
    async with entered(request) as (connection, name):
        running = rebuilding.running or await loading.is_rebuilding(connection)
        found = await generations.listing(connection)
    succeeded = rebuilding.succeeded
    if succeeded is None and found[0]["progress"]:
        succeeded = found[0]["state"] not in ("building", "failed")
    return {"running": running, "succeeded": None if running else succeeded, "live": name, "generations": found}


@router.post("/rollback")
async def roll_back(request: Request) -> dict[str, Any]:
    """Makes the generation before the live one live again; the workers bring it up to date."""
    async with entered(request) as (connection, _):
        name = await operating.roll_back(connection)
    if name is None:
        raise Conflict("no earlier generation is kept")
    return {"live": name}


@router.get("/positions")
async def list_positions(request: Request, cursor: Cursor = None, limit: InternalLimit = 1_000) -> dict[str, Any]:
    """The applied vector with its digests, by device."""
    after = last_device(cursor)
    async with entered(request) as (connection, name):
        items = await operating.positions(connection, after, limit + 1)
        version = await generations.fold_version(connection, name)
    page = page_of(items, limit, lambda one: one["device_id"])
    return {"generation": name, "fold_version": version, "items": page.items, "next_cursor": page.next_cursor}


@router.get("/digest")
async def show_digest(request: Request, user_id: UUID | None = None) -> dict[str, Any]:
    """The event digest of everything applied, or of one user's part of it."""
    async with entered(request) as (connection, name):
        digest = await operating.event_digest(connection, user_id)
    return {"generation": name, "count": digest.count, "hash": digest.hash}


@router.get("/content-digest")
async def show_content_digest(request: Request, user_id: UUID) -> dict[str, Any]:
    """The digest of every row of every view of one user."""
    async with entered(request) as (connection, name):
        digest = await positions.content_digest(connection, await operating.root(connection, user_id))
        version = await generations.fold_version(connection, name)
    return {"generation": name, "fold_version": version, "count": digest.count, "hash": digest.hash}


@router.get("/dead-letters")
async def list_dead_letters(
    request: Request, user_id: UUID | None = None, cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """Events that could not be applied, with the reasons; records that are no events come in `refused`."""
    device_id, sequence = last_event(cursor)
    async with entered(request) as (connection, _):
        items = await operating.dead_letters(connection, user_id, device_id, sequence, limit + 1)
        refused = await operating.refused(connection, limit) if user_id is None and cursor is None else []
    page = page_of(items, limit, lambda one: [one["device_id"], one["sequence_number"]])
    return {"items": page.items, "refused": refused, "next_cursor": page.next_cursor}


@router.post("/dead-letters/{device_id}/{sequence_number}/{action}")
async def settle_dead_letter(
    request: Request, device_id: UUID, sequence_number: SequenceNumber, action: Literal["retry", "discard"]
) -> dict[str, str]:
    """Tries to apply a parked event again, or gives it up; answers what it is now."""
    async with entered(request) as (connection, _):
        settle = operating.retry if action == "retry" else operating.discard
        state = await settle(connection, device_id, sequence_number)
    if state is None:
        raise NotFound("no such dead letter")
    return {"state": state}


@router.post("/dead-letters/retry")
async def retry_all(request: Request) -> dict[str, int]:
    """Tries all parked events again; answers how many are applied and how many remain."""
    counts = {"applied": 0, "parked": 0}
    async with entered(request) as (connection, _):
        places = await operating.parked_places(connection)
    for device_id, sequence_number in places:
        async with entered(request) as (connection, _):
            state = await operating.retry(connection, device_id, sequence_number)
        if state is not None:
            counts[state] += 1
    return counts


@router.get("/export")
async def export(request: Request, user_id: UUID) -> StreamingResponse:
    """Every row of every view of one user, as JSON lines."""

    async def lines() -> AsyncIterator[bytes]:
        async with entered(request) as (connection, _):
            owner = await operating.root(connection, user_id)
            for view in views():
                for content in await operating.contents(connection, view.table.name, owner):
                    yield f'{{"view":"{view.name}",{content[1:]}\n'.encode()

    return await exported(lines())
