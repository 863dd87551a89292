"""Weekly reports."""

import re
from datetime import date
from typing import Any

from fastapi import APIRouter

from services.coach.api.rooms import PREFIX, Account, InRooms
from shared.errors import NotFound
from shared.http import Cursor, Limit, Page, page_of, read_cursor
from shared.views.rows import json_form

router = APIRouter(prefix=f"{PREFIX}/weekly-reports", tags=["coach"])
WEEK = re.compile(r"\d{4}-W\d{2}", re.ASCII)


@router.get("")
async def reports(account: Account, here: InRooms, cursor: Cursor = None, limit: Limit = 50) -> Page[dict[str, Any]]:
    """The newest first."""
    rows = await here.reports.page(account, read_cursor(cursor, date.fromisoformat), limit + 1)
    return page_of([json_form(dict(row)) for row in rows], limit, lambda row: row["week_start"])


@router.get("/{week}")
async def report(week: str, account: Account, here: InRooms) -> dict[str, Any]:
    """One report: markdown, data, chart (SVG), and where its numbers come from."""
    if not WEEK.fullmatch(week):
        raise NotFound("there are no such weeks")
    found: dict[str, Any] = json_form(dict(await here.reports.require(account, week)))
    return found
