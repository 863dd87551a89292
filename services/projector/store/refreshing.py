"""Makes rows of views again: those that touched entities reach, or all rows of a user."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from services.projector.domain import EntityKey, states
from services.projector.store import history
from services.projector.store.history import Found
from services.projector.views import conflicts, views, whole
from services.projector.views.rows import replace, rows_of
from services.projector.views.work import Work
from services.projector.views.writes import Writes
from shared.fold import NOTHING, Entity
from shared.postgres import Connection
from shared.views.conflicts import ConflictRow

Conflicts = Sequence[tuple[UUID, ConflictRow]]


async def refresh(
    writes: Writes, generation: str, keys: AbstractSet[EntityKey], found: Found | None = None
) -> Conflicts:
    """Makes the rows of all views again that depend on these entities; returns the conflicts that are new.

    `found` are the entities, where events come in: those of which nothing was recorded before have no rows yet. What
    is written waits in `writes`.
    """
    if not keys:
        return ()
    connection = writes.connection
    entities, recorded = found or await history.entities(connection, keys)
    new = keys - recorded if found else frozenset[EntityKey]()
    touched = {key: entities.get(key, NOTHING) for key in keys}
    remade = {user for view in views() if view.remakes for user in await view.remakes(connection, touched)}
    if remade:
        await writes.make()
    told = [conflict for user_id in sorted(remade) for conflict in await rewrite(connection, generation, user_id)]
    left = {key: entity for key, entity in touched.items() if key.user_id not in remade}
    return [*told, *(await _refresh_touched(writes, generation, left, new) if left else ())]


async def _refresh_touched(
    writes: Writes, generation: str, touched: dict[EntityKey, Entity], new: AbstractSet[EntityKey]
) -> Conflicts:
    async def load(missing: Collection[EntityKey]) -> Mapping[EntityKey, Entity]:
        # Of other entities than the touched ones nothing waits to be written.
        return (await history.entities(writes.connection, missing)).entities

    work = Work(writes, generation, load, touched, new & touched.keys())
    for view in views():
        await view.refresh(work)
    return work.found


async def rewrite(connection: Connection, generation: str, user_id: UUID) -> Conflicts:
    """Makes all rows of one user again, from the whole history; returns the conflicts that are new.

    What is computed of a long life is computed beside the loop, which has heartbeats to send.
    """
    entities = await history.entities_of_user(connection, user_id)
    rows = await asyncio.to_thread(lambda: whole(states(entities).get(user_id, {})))
    before = await rows_of(connection, conflicts.TABLE, ConflictRow, ["user_id"], [(user_id,)])
    known = {row.key for _, row in before}
    for view in views():
        found = [(user_id, row) for row in rows[view.name]]
        await replace(connection, generation, view.table, ["user_id"], [(user_id,)], found)
    made = rows[conflicts.VIEW.name]
    return [(user_id, row) for row in made if isinstance(row, ConflictRow) and row.key not in known]
