"""The map of ingest: its HTTP app and its worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.ingest.api import feeds, live, operations, pull, sync
from services.ingest.consumers import Identity, IdentityConsumer
from services.ingest.erased_ids import ErasedIds
from services.ingest.group_commit import GroupCommit
from services.ingest.hints import Hub
from services.ingest.limits import Limits
from services.ingest.listening import Ears
from services.ingest.relay import Relay
from services.ingest.settings import Settings
from shared.clients import service_client
from shared.database import Database
from shared.feeds import IdentityFeed
from shared.http import add_health, create_service_app
from shared.kafka import Publisher
from shared.loops import running

AWAY = "the event store is not available"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The HTTP side: the event store's door, pull, hints and feeds. Ready when PostgreSQL answers."""
    settings = settings or Settings()
    database = Database(
        settings.database_url_ingest,
        role="ingest_api",
        away=AWAY,
        size=settings.ingest_pool_size,
        statement_timeout_ms=int(settings.ingest_statement_timeout * 1000),
        max_in_flight=settings.ingest_max_in_flight,
    )
    hub = Hub()
    ears = Ears(hub, database, settings.kafka_bootstrap_servers)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running({"ears": ears.listen}):
            yield
        await database.close()

    app = create_service_app("ingest", settings, lifespan)
    app.state.settings = settings
    app.state.database = database
    app.state.group_commit = GroupCommit(database, settings.ingest_max_in_flight)
    app.state.limits = Limits(settings)
    app.state.hub = hub
    app.state.ears = ears
    for room in (sync, pull, live, feeds, operations):
        app.include_router(room.router)
    add_health(app, {"database": database.answers})
    return app


def create_worker(settings: Settings | None = None) -> FastAPI:
    """The worker: the relay and the identity consumer. Ready when every shard has an owner and it is in its group."""
    settings = settings or Settings()
    kafka = settings.kafka_bootstrap_servers
    relay = Relay(
        url=settings.database_url_ingest,
        kafka=kafka,
        shards=settings.ingest_relay_shards,
        page=settings.ingest_relay_page,
        timeout=settings.ingest_publish_timeout,
    )
    database = Database(
        settings.database_url_ingest, role="ingest_worker", away=AWAY, size=2, statement_timeout_ms=120_000
    )
    publisher = Publisher(kafka)
    identity = Identity(database, publisher, ErasedIds(settings.ingest_erased_ids_file))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service_client(settings.auth_url, settings) as auth:
            consumer = IdentityConsumer(identity, kafka, IdentityFeed(auth), settings.ingest_identity_interval)
            app.state.consumer = consumer
            loops = {"relay": relay.run, "identity": consumer.follow, "identity log": consumer.heal}
            async with running(loops):
                yield
            await publisher.close()
            await database.close()

    async def relaying() -> bool:
        return relay.every_shard_is_owned

    async def consuming() -> bool:
        consumer: IdentityConsumer = app.state.consumer
        return consumer.ready

    app = create_service_app("ingest-worker", settings, lifespan)
    add_health(app, {"database": database.answers, "relay": relaying, "consumers": consuming})
    return app
