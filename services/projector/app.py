"""The projector's map: the read API, and the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from services.projector.api import body, entities, exercises, history, internal, plans, status, workouts
from services.projector.api.reads import NotModified, not_modified
from services.projector.rebuild.start import Rebuilding
from services.projector.settings import Settings
from services.projector.store import auditing, positions
from services.projector.store.changes import Changes
from services.projector.store.exercises import progress_in
from services.projector.store.reading import Readers
from services.projector.store.versions import PerVersion
from services.projector.views import views
from services.projector.worker import Worker
from shared.clients import service_client
from shared.database import Database
from shared.http import add_health, create_service_app
from shared.policy import principal

ROUTERS = (
    workouts.router,
    exercises.router,
    body.router,
    plans.router,
    history.router,
    entities.router,
    status.router,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The read API. It starts without Kafka, and answers 503 as long as the database is away."""
    settings = settings or Settings()
    url, away = settings.database_url_projector, "the database cannot be reached"
    database = Database(url, role="projector_api", away=away, size=settings.projector_pool)
    operating = Database(url, role="projector_worker", away=away, size=2)
    changes = Changes(url, role="projector_api")
    rebuilding = Rebuilding()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service_client(settings.ingest_url, settings) as app.state.ingest:
            yield
        await rebuilding.stop()
        await changes.close()
        await database.close()
        await operating.close()

    app = create_service_app("projector", settings, lifespan)
    app.state.readers = Readers(database)
    app.state.changes = changes
    app.state.content_digests = PerVersion(positions.digest_read)
    app.state.departed_sets = PerVersion(auditing.departed_sets)
    app.state.progress = PerVersion(progress_in, users=20)
    app.state.operating = operating
    app.state.rebuilding = rebuilding
    app.state.read_after_seconds = settings.projector_read_after_seconds
    app.add_exception_handler(NotModified, not_modified)
    outside = [view.router for view in views() if view.router is not None]
    for router in (*ROUTERS, *outside):
        app.include_router(router, prefix="/api/v1", dependencies=[Depends(principal)])
    app.include_router(internal.router)
    add_health(app, {"database": database.answers})
    return app


def create_worker(settings: Settings | None = None) -> FastAPI:
    """The worker process: consumers and loops, with health and metrics."""
    settings = settings or Settings()
    worker = Worker(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with worker.running():
            yield

    app = create_service_app("projector-worker", settings, lifespan)
    add_health(app, {"consumers": worker.has_partitions})
    return app
