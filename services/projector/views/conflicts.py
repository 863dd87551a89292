"""Conflicts, of every kind of entity, whatever its domain."""

from sqlalchemy import Text, Uuid

from services.projector.domain import EntityKey
from services.projector.tables import key, view_table
from services.projector.views.view import View
from services.projector.views.work import Work
from shared.views.conflicts import ConflictRow, conflict_rows

TABLE = view_table("conflicts_projection", key("entity", Text), key("entity_id", Uuid), key("field", Text))


async def refresh(work: Work) -> None:
    rows = [
        (touched.user_id, row)
        for touched in work.touched
        for row in conflict_rows(touched.entity, touched.entity_id, work.entities[touched])
    ]
    by = ["user_id", "entity", "entity_id"]
    contested = {EntityKey(user, row.entity, row.entity_id) for user, row in rows}
    before = await work.rows_of(TABLE, ConflictRow, by, contested - work.new)
    known = {(user, *row.key) for user, row in before}
    await work.replace(TABLE, by, contested | work.touched - work.new, rows)
    work.found += [(user, row) for user, row in rows if (user, *row.key) not in known]


VIEW = View("conflicts", TABLE, refresh)
