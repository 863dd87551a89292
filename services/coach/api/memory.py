"""Lasting facts: the user reads and deletes what coach remembers."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.coach.api.rooms import PREFIX, Account, InRooms
from shared.http import Cursor, Limit, Page, paged
from shared.views.rows import json_form

router = APIRouter(prefix=f"{PREFIX}/memory", tags=["coach"])


@router.get("")
async def remembered(account: Account, here: InRooms, cursor: Cursor = None, limit: Limit = 50) -> Page[dict[str, Any]]:
    """Everything that is remembered of what the user said."""
    return paged([json_form(dict(fact)) for fact in await here.facts.of(account)], cursor, limit)


@router.delete("")
async def forget_all(account: Account, here: InRooms) -> dict[str, int]:
    """Forgets everything; says how many facts that were."""
    return {"deleted": await here.facts.forget_all(account)}


@router.delete("/{memory_id}", status_code=204)
async def forget(memory_id: UUID, account: Account, here: InRooms) -> None:
    """Forgets one fact."""
    await here.facts.forget(account, memory_id)
