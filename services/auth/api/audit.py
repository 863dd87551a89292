"""The log of security events, for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.auth.api.context import AtDesk
from services.auth.store import audit
from services.auth.store.audit import NotedEntry
from shared.http import Cursor, Limit, Page, encode_cursor, read_cursor
from shared.policy import RequireRole
from shared.tokens import Principal, Role

router = APIRouter(prefix="/api/v1/auth", tags=["administration"])
Administrator = Annotated[Principal, Depends(RequireRole(Role.ADMIN, Role.SUPERADMIN))]


@router.get("/audit")
async def security_events(_: Administrator, desk: AtDesk, cursor: Cursor = None, limit: Limit = 50) -> Page[NotedEntry]:
    """Newest first."""
    before = read_cursor(cursor, _number) if cursor else None
    async with desk.transaction() as connection:
        found = list(await audit.newest(connection, before, limit + 1))
    items = found[:limit]
    return Page(items=items, next_cursor=encode_cursor(items[-1].entry_id) if len(found) > limit else None)


def _number(position: Any) -> int | None:
    if position is not None and not isinstance(position, int):
        raise ValueError("is no number of an entry")
    return position
