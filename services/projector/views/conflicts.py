"""Conflicts, of every kind of entity, whatever its domain."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Text, Uuid

from services.projector.domain import EntityKey
from services.projector.tables import key, view_table
from services.projector.views.sets import sets_of
from services.projector.views.view import View
from services.projector.views.work import Work
from shared.fold import Entity
from shared.views.conflicts import ConflictRow, conflict_rows

TABLE = view_table("conflicts_projection", key("entity", Text), key("entity_id", Uuid), key("field", Text))


async def refresh(work: Work) -> None:
    hidden = await _hidden(work)
    rows = [
        (key.user_id, row)
        for key in work.touched | hidden.keys()
        for row in conflict_rows(key.entity, key.entity_id, work.entities[key], hidden.get(key, ()))
    ]
    by = ["user_id", "entity", "entity_id"]
    contested = {EntityKey(user, row.entity, row.entity_id) for user, row in rows}
    before = await work.rows_of(TABLE, ConflictRow, by, contested - work.new)
    known = {(user, *row.key) for user, row in before}
    await work.replace(TABLE, by, contested | hidden.keys() | work.touched - work.new, rows)
    work.found += [(user, row) for user, row in rows if (user, *row.key) not in known]


async def _hidden(work: Work) -> Mapping[EntityKey, Sequence[Entity]]:
    """The sets of removed workouts, by workout: of the touched ones, and of those of touched sets."""
    of_sets = {(key.user_id, work.entities[key].value("workout_id")) for key in work.touched if key.entity == "set"}
    marks = {(user, i) for user, i in of_sets | work.marked("workout") if i is not None}
    await work.need(EntityKey(user, "workout", i) for user, i in marks)
    removed = {mark for mark in marks if work.entities[EntityKey(mark[0], "workout", mark[1])].removed}
    found = await sets_of(work, removed)
    keys = {mark: [EntityKey(mark[0], "set", row.set_id) for row in found[mark]] for mark in removed}
    await work.need(key for sets in keys.values() for key in sets)
    return {EntityKey(user, "workout", i): [work.entities[key] for key in keys[user, i]] for user, i in removed}


VIEW = View("conflicts", TABLE, refresh)
