"""Makes rows of views again: those that touched entities reach, or all rows of a user."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.projector.domain import EntityKey, Entry, states
from services.projector.store import history
from services.projector.views import views, whole
from services.projector.views.rows import Connection, replace
from services.projector.views.work import Work
from shared.fold import Entity


async def refresh(connection: Connection, keys: Collection[EntityKey], known: Sequence[Entry] = ()) -> None:
    """Makes the rows of all views again that depend on these entities."""
    remaking = {entity for view in views() for entity in view.remakes}
    remade = {key.user_id for key in keys if key.entity in remaking}
    for user_id in remade:
        await rewrite(connection, user_id)
    await _refresh_touched(connection, [key for key in keys if key.user_id not in remade], known)


async def _refresh_touched(connection: Connection, keys: Collection[EntityKey], known: Sequence[Entry]) -> None:
    async def load(missing: Collection[EntityKey]) -> Mapping[EntityKey, Entity]:
        return await history.entities(connection, missing)

    if keys:
        entities = await history.entities(connection, keys, known)
        work = Work(connection, load, {key: entities.get(key, Entity()) for key in keys})
        for view in views():
            await view.refresh(work)


async def rewrite(connection: Connection, user_id: UUID) -> None:
    """Makes all rows of one user again, from the whole history."""
    entities = await history.entities_of_user(connection, user_id)
    rows = whole(states(entities).get(user_id, {}))
    for view in views():
        found = [(user_id, row) for row in rows[view.name]]
        await replace(connection, view.table, ["user_id"], [(user_id,)], found)
