"""The log of security events, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.auth.api import AtDesk
from services.auth.store import audit
from services.auth.store.audit import NotedEntry
from shared.errors import InvalidRequest
from shared.http import Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.policy import RequireRole
from shared.tokens import Principal, Role

router = APIRouter(prefix="/api/v1/auth", tags=["administration"])
Administrator = Annotated[Principal, Depends(RequireRole(Role.ADMIN, Role.SUPERADMIN))]


@router.get("/audit")
async def security_events(_: Administrator, desk: AtDesk, cursor: Cursor = None, limit: Limit = 50) -> Page[NotedEntry]:
    """Newest first."""
    before = decode_cursor(cursor) if cursor else None
    if before is not None and not isinstance(before, int):
        raise InvalidRequest("cursor: is not one that this server gave", field="cursor")
    async with desk.transaction() as connection:
        found = list(await audit.newest(connection, before, limit + 1))
    items = found[:limit]
    return Page(items=items, next_cursor=encode_cursor(items[-1].entry_id) if len(found) > limit else None)
