"""The map of ingest: its HTTP app and its worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from services.ingest.api import feeds, sync
from services.ingest.relay import Relay
from services.ingest.settings import Settings
from services.ingest.store.database import Database
from shared.http import add_health, create_service_app


def create_app(settings: Settings | None = None) -> FastAPI:
    """The HTTP side: the event store's door, pull, hints and feeds. Ready when PostgreSQL answers."""
    settings = settings or Settings()
    database = Database(
        settings.database_url_ingest,
        role="ingest_api",
        size=settings.ingest_pool_size,
        statement_timeout=settings.ingest_statement_timeout,
        max_in_flight=settings.ingest_max_in_flight,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await database.close()

    app = create_service_app("ingest", settings, lifespan)
    app.state.settings = settings
    app.state.database = database
    app.include_router(sync.router)
    app.include_router(feeds.router)
    add_health(app, {"database": database.answers})
    return app


def create_worker(settings: Settings | None = None) -> FastAPI:
    """The worker: the relay. Ready when every shard has an owner."""
    settings = settings or Settings()
    relay = Relay(
        url=settings.database_url_ingest,
        kafka=settings.kafka_bootstrap_servers,
        shards=settings.ingest_relay_shards,
        page=settings.ingest_relay_page,
        timeout=settings.ingest_publish_timeout,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        working = asyncio.create_task(relay.run())
        yield
        working.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(working, 8)

    async def relaying() -> bool:
        return relay.every_shard_is_owned

    app = create_service_app("ingest-worker", settings, lifespan)
    add_health(app, {"relay": relaying})
    return app
