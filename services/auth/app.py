"""auth's map: the HTTP side and the worker."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from fastapi import Depends, FastAPI

from services.auth.api import account, audit, devices, internal, sessions
from services.auth.api.context import uncached
from services.auth.desk import Desk
from services.auth.passwords import Passwords
from services.auth.secret_values import derived_key, key_secret
from services.auth.settings import Settings
from services.auth.signing import Signer
from services.auth.store import API_ROLE, answers
from services.auth.store.activity import ActivityStore
from services.auth.throttling import Throttle
from services.auth.worker import Worker
from shared.database import Database
from shared.http import add_health, create_service_app
from shared.positions import Position, add_positions
from shared.security import BodyLimit
from shared.tokens import TokenVerifier

ROUTERS = (
    devices.router,
    sessions.router,
    account.router,
    audit.router,
    internal.router,
)
LONGEST_BODY = 64 * 1024  # bytes


def create_app(settings: Settings | None = None) -> FastAPI:
    """The HTTP side. It verifies tokens with its own keys; it starts without its database and then answers 503."""
    settings = settings or Settings()
    secret = key_secret(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.desk = desk = _desk(settings, secret)
        # It remembers no verified token: what is ended here has ended at once.
        app.state.tokens = TokenVerifier(desk.signer, issuer=settings.token_issuer, audience=settings.token_audience)
        try:
            yield
        finally:
            desk.passwords.close()
            await desk.database.close()

    async def database() -> bool:
        async with app.state.desk.database.acquire() as connection:
            return await answers(connection)

    async def positions(after: UUID, limit: int) -> Sequence[Position]:
        return await ActivityStore(app.state.desk.database).positions(after, limit)

    app = create_service_app("auth", settings, lifespan)
    app.add_middleware(BodyLimit, longest=LONGEST_BODY, within="/api/")
    add_health(app, {"database": database})
    add_positions(app, "auth", positions)
    app.include_router(sessions.keys_router)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(uncached)])
    return app


def create_worker(settings: Settings | None = None) -> FastAPI:
    """The worker. It is alive at once, and ready when it is in its groups and somebody publishes."""
    settings = settings or Settings()
    worker = Worker(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with worker.running():
            yield

    app = create_service_app("auth-worker", settings, lifespan)
    add_health(app, {"database": worker.has_database, "consumers": worker.has_partitions, "relay": worker.publishes})
    return app


def _desk(settings: Settings, secret: str) -> Desk:
    database = Database(settings.database_url_auth, role=API_ROLE, away="the database is away", size=settings.auth_pool)
    retire_after = timedelta(seconds=settings.auth_retired_key_seconds)
    return Desk(
        settings=settings,
        database=database,
        signer=Signer(database, derived_key(secret, "signing keys at rest"), retire_after),
        refresh_key=derived_key(secret, "refresh tokens"),
        passwords=Passwords(settings.auth_password_threads, settings.auth_password_queue),
        throttle=Throttle(settings),
    )
