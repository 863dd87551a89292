"""Conflicts, of every kind of entity, whatever its domain."""

from sqlalchemy import Text, Uuid

from services.projector.tables import key, view_table
from services.projector.views.view import View
from services.projector.views.work import Work
from shared.views.conflicts import conflict_rows

TABLE = view_table("conflicts_projection", key("entity", Text), key("entity_id", Uuid), key("field", Text))


async def refresh(work: Work) -> None:
    rows = [
        (touched.user_id, row)
        for touched in work.touched
        for row in conflict_rows(touched.entity, touched.entity_id, work.entities[touched])
    ]
    await work.replace(TABLE, ["user_id", "entity", "entity_id"], work.touched, rows)


VIEW = View("conflicts", TABLE, refresh)
