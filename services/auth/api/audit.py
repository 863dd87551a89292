"""The log of security events, for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.auth.api.context import AtDesk
from services.auth.store import audit
from services.auth.store.audit import NotedEntry
from shared.http import Cursor, Limit, Page, page_of, read_cursor
from shared.policy import RequireRole
from shared.tokens import Principal, Role
from shared.values import MAX_INTEGER

router = APIRouter(prefix="/api/v1/auth", tags=["administration"])
Administrator = Annotated[Principal, Depends(RequireRole(Role.ADMIN, Role.SUPERADMIN))]


@router.get("/audit")
async def security_events(_: Administrator, desk: AtDesk, cursor: Cursor = None, limit: Limit = 50) -> Page[NotedEntry]:
    """Newest first."""
    before = read_cursor(cursor or None, _number)
    async with desk.transaction() as connection:
        found = await audit.newest(connection, before, limit + 1)
    return page_of(found, limit, lambda entry: entry.entry_id)


def _number(position: Any) -> int:
    if not isinstance(position, int) or not 0 <= position <= MAX_INTEGER:
        raise ValueError("is no number of an entry")
    return position
