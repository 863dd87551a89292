"""auth, put together: the HTTP side and the worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from services.auth.api import devices, internal, sessions
from services.auth.desk import Desk
from services.auth.passwords import Passwords
from services.auth.relay import Relay
from services.auth.secret_values import derived_key, key_secret
from services.auth.settings import Settings
from services.auth.signing import Signer
from services.auth.store import API_ROLE, Pool
from services.auth.throttling import Throttle
from shared.following import patiently
from shared.http import add_health, create_service_app
from shared.kafka import Publisher
from shared.postgres import create_pool
from shared.tokens import TokenVerifier

ROUTERS = (devices.router, sessions.router, sessions.keys_router, internal.router)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The HTTP side."""
    settings = settings or Settings()
    secret = key_secret(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = await _open_pool(settings, API_ROLE)
        app.state.desk = desk = _desk(settings, pool, secret)
        app.state.tokens = TokenVerifier(desk.signer, issuer=settings.token_issuer, audience=settings.token_audience)
        try:
            yield
        finally:
            desk.passwords.close()
            await asyncio.wait_for(pool.close(), 5)

    async def database() -> bool:
        async with app.state.desk.transaction() as connection:
            return bool(await connection.fetchval("SELECT true FROM identity_counter"))

    app = create_service_app("auth", settings, lifespan)
    add_health(app, {"database": database})
    for router in ROUTERS:
        app.include_router(router)
    return app


def create_worker(settings: Settings | None = None) -> FastAPI:
    """The relay."""
    settings = settings or Settings()
    publisher = Publisher(settings.kafka_bootstrap_servers)
    relay = Relay(settings, publisher)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(relay.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await publisher.close()

    app = create_service_app("auth-worker", settings, lifespan)
    add_health(app, {})
    return app


async def _open_pool(settings: Settings, role: str | None = None) -> Pool:
    async def attempt() -> Pool:
        return await create_pool(settings.database_url_auth, role=role, max_size=settings.auth_pool)

    return await patiently(attempt)


def _desk(settings: Settings, pool: Pool, secret: str) -> Desk:
    return Desk(
        settings=settings,
        pool=pool,
        signer=Signer(
            pool, derived_key(secret, "signing keys at rest"), timedelta(seconds=settings.auth_retired_key_seconds)
        ),
        refresh_key=derived_key(secret, "refresh tokens"),
        passwords=Passwords(settings.auth_password_threads, settings.auth_password_queue),
        throttle=Throttle(settings),
    )
