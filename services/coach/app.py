"""The map of the service: two processes, one that answers and one that listens, reports and publishes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from services.coach.consumers import Consumers, relay
from services.coach.loops import Loop, as_leader, running
from services.coach.settings import Settings
from services.coach.store.identity import Identity
from services.coach.store.memory import Memory
from services.coach.store.outbox import Outbox
from shared.feeds import IdentityFeed, IngestFeed
from shared.following import Follower
from shared.http import add_health, create_service_app, service_client
from shared.kafka import Publisher
from shared.positions import add_positions
from shared.postgres import create_pool


def create_app(settings: Settings | None = None) -> FastAPI:
    """The HTTP process."""
    settings = settings or Settings()
    database = settings.database_url_coach

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with await create_pool(database, min_size=0) as pool:
            app.state.pool = pool
            yield

    async def database_answers() -> bool:
        return bool(await app.state.pool.fetchval("SELECT true"))

    app = create_service_app("coach", settings, lifespan)
    add_health(app, {"database": database_answers})
    add_positions(app, "coach", lambda: Memory(app.state.pool).all_applied())
    return app


def create_worker(settings: Settings | None = None) -> FastAPI:
    """The worker: consumers, and as the one leader of its database the outbox relay and the report loop."""
    settings = settings or Settings()
    database = settings.database_url_coach

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            await create_pool(database, min_size=0) as pool,
            service_client(settings.ingest_url, settings) as ingest,
            service_client(settings.auth_url, settings) as auth,
        ):
            consumers = Consumers(
                bootstrap_servers=settings.kafka_bootstrap_servers,
                pool=pool,
                follower=Follower(Memory(pool), IngestFeed(ingest)),
                identity=Identity(pool),
                identity_feed=IdentityFeed(auth),
                compare_every=timedelta(seconds=settings.coach_compare_every_s),
            )
            publisher = Publisher(settings.kafka_bootstrap_servers)
            leading: dict[str, Loop] = {"relay": partial(relay, Outbox(pool), publisher)}
            app.state.pool, app.state.consumers = pool, consumers
            loops: dict[str, Loop] = {
                "consumers": consumers.follow,
                "compare": consumers.compare,
                "leader": partial(as_leader, database, leading),
            }
            async with running(loops):
                yield
            await publisher.close()

    async def database_answers() -> bool:
        return bool(await app.state.pool.fetchval("SELECT true"))

    async def consumers_ready() -> bool:
        return bool(await app.state.consumers.ready())

    app = create_service_app("coach worker", settings, lifespan)
    add_health(app, {"database": database_answers, "consumers": consumers_ready})
    return app
