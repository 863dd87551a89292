"""Conversations: what was said."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.coach.api.rooms import PREFIX, Account, InRooms
from shared.http import Cursor, Limit, Page, page_of, read_cursor
from shared.views.rows import json_form

router = APIRouter(prefix=f"{PREFIX}/conversations", tags=["coach"])


@router.get("")
async def conversations(
    account: Account, here: InRooms, cursor: Cursor = None, limit: Limit = 50
) -> Page[dict[str, Any]]:
    """The latest first. Who looks at them is about to say something."""
    here.logs.prepare(account)
    rows = await here.conversations.page(account, read_cursor(cursor, _place), limit + 1)
    page = page_of(rows, limit, lambda row: [row["updated_at"], row["conversation_id"]])
    return Page(items=[json_form(dict(row)) for row in page.items], next_cursor=page.next_cursor)


def _place(position: Any) -> tuple[datetime, UUID]:
    moment, conversation_id = position
    return datetime.fromisoformat(moment).astimezone(UTC), UUID(conversation_id)


@router.get("/{conversation_id}")
async def conversation(conversation_id: UUID, account: Account, here: InRooms) -> dict[str, Any]:
    """One conversation with its messages."""
    found = await here.conversations.require(account, conversation_id)
    messages = await here.conversations.messages(account, conversation_id)
    whole: dict[str, Any] = json_form({**found, "messages": [asdict(message) for message in messages]})
    return whole


@router.delete("/{conversation_id}", status_code=204)
async def forget(conversation_id: UUID, account: Account, here: InRooms) -> None:
    """Deletes it with its messages."""
    await here.conversations.delete(account, conversation_id)
