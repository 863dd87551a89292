"""Templates, and conflicts to settle."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.projector.api.answers import marked, paged, reads, shape
from services.projector.api.reads import Reads
from services.projector.store.lists import Filter, Listing
from shared.http import Cursor, Limit
from shared.views.conflicts import ConflictRow
from shared.views.templates import TemplateRow

router = APIRouter()

TEMPLATES = Listing("templates_projection", (("name", "text"), ("template_id", "uuid")), identity="template_id")
CONFLICTS = Listing("conflicts_projection", (("entity", "text"), ("entity_id", "uuid"), ("field", "text")))
Entity = Annotated[str | None, Query(max_length=100, pattern=r"^[A-Za-z0-9_]+$")]


@router.get("/templates", tags=["templates"], responses=reads(paged(marked(TemplateRow))))
async def list_templates(read: Reads, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Templates by name."""
    return await read.page(TEMPLATES, (), cursor, limit)


@router.get("/conflicts", tags=["history"], responses=reads(paged(shape(ConflictRow))))
async def list_conflicts(read: Reads, entity: Entity = None, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Fields that devices wrote without having seen each other, with the value that decides and the others."""
    filters: list[Filter] = [] if entity is None else [("entity = $", entity)]
    return await read.page(CONFLICTS, filters, cursor, limit)
