"""One view made again in place, from the history that the projector keeps."""

from uuid import UUID

from services.projector.domain import states
from services.projector.settings import Settings
from services.projector.store import history
from services.projector.store.batch import ProjectorStore
from services.projector.store.users import lock_owners, touch
from services.projector.views import views, whole
from services.projector.views.rows import generation_of, replace
from shared.postgres import create_pool


class UnknownView(Exception):
    """There is no view of this name."""


async def rebuild_view(settings: Settings, name: str) -> int:
    """Makes all rows of a view again, user by user; reads and live projection go on. Returns the users.

    Raises:
        UnknownView
    """
    if name not in {view.name for view in views()}:
        raise UnknownView(name)
    pool = await create_pool(
        settings.database_url_projector, role="projector_worker", statement_timeout_ms=0, by_key=False
    )
    try:
        store = ProjectorStore(pool)
        async with store.transaction() as connection:
            users = await history.users(connection)
        for user_id in users:
            await _rewrite(store, user_id, name)
        return len(users)
    finally:
        await pool.close()


async def _rewrite(store: ProjectorStore, user_id: UUID, name: str) -> None:
    view = next(view for view in views() if view.name == name)
    async with store.transaction() as connection:
        await lock_owners(connection, {user_id})
        entities = await history.entities_of_user(connection, user_id)
        rows = whole(states(entities).get(user_id, {}))[name]
        generation = await generation_of(connection)
        await replace(connection, generation, view.table, ["user_id"], [(user_id,)], [(user_id, made) for made in rows])
        await touch(connection, {user_id})
