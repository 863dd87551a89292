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
    """The sets of removed workouts, by workout; those that the batch reached are here, from the views before."""
    removed = [key for key, entity in work.entities.items() if key.entity == "workout" and entity.removed]
    found = await sets_of(work, [(key.user_id, key.entity_id) for key in removed])
    sets = {
        key: [EntityKey(key.user_id, "set", row.set_id) for row in found[key.user_id, key.entity_id]] for key in removed
    }
    await work.need(key for keys in sets.values() for key in keys)
    return {key: [work.entities[one] for one in keys] for key, keys in sets.items()}


VIEW = View("conflicts", TABLE, refresh)
