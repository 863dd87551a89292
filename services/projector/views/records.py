"""Personal records, made again for just the exercises whose sets changed."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Numeric, Text, Uuid

from services.projector.tables import Moment, key, view_table
from services.projector.views.rows import replace
from services.projector.views.sets import OF_EXERCISE, set_rows
from services.projector.views.view import View
from services.projector.views.work import Work
from shared.views.records import RecordRow, record_rows
from shared.views.sets import SetRow

NO_LOAD = Decimal(-1)


def _at_load(row: Any) -> Decimal:
    return NO_LOAD if row.load_kg is None else Decimal(row.load_kg)


TABLE = view_table(
    "records_projection",
    key("exercise_id", Uuid),
    key("kind", Text),
    Column("at_load", Numeric, primary_key=True, info={"of": _at_load}),
    Column("value", Numeric, nullable=False),
    Column("achieved_at", Moment, nullable=False),
)


async def refresh(work: Work) -> None:
    marked = work.marked(OF_EXERCISE)
    found: defaultdict[tuple[UUID, UUID], list[SetRow]] = defaultdict(list)
    for user, row in await set_rows(work.connection, ["user_id", "exercise_id"], marked):
        found[user, row.exercise_id].append(row)
    rows: list[tuple[UUID, RecordRow]] = [
        (user, record) for (user, exercise_id), sets in found.items() for record in record_rows(exercise_id, sets)
    ]
    await replace(work.connection, TABLE, ["user_id", "exercise_id"], marked, rows)


VIEW = View("records", TABLE, refresh)
