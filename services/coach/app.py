"""The map of the service: two processes, one that answers and one that listens, reports and publishes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import UUID

import httpx2
from fastapi import FastAPI

from services.coach.api import include_routes
from services.coach.api.rooms import Rooms
from services.coach.chat import Chat
from services.coach.consumers import Consumers
from services.coach.faults import install_unavailable
from services.coach.leading import as_leader
from services.coach.logs import Logs
from services.coach.model.gate import Budget, Gate
from services.coach.model.provider import Model, create_model
from services.coach.reports.loop import report_loop
from services.coach.settings import Settings
from services.coach.store import API_ROLE, PASSING, WORKER_ROLE
from services.coach.store.conversations import Conversations
from services.coach.store.facts import LastingFacts
from services.coach.store.identity import Identity
from services.coach.store.memory import Memory
from services.coach.store.model_jobs import ModelJobs
from services.coach.store.packed_logs import PackedLogs
from services.coach.store.reports import Pace, Reports
from services.coach.store.spending import Spending
from services.coach.telling import Telling
from shared.clients import service_client
from shared.envelope import decode_link
from shared.feeds import IdentityFeed, IngestFeed
from shared.following import Follower
from shared.http import add_health, create_service_app
from shared.kafka import Publisher
from shared.loops import Loop, running
from shared.outbox import publish_for_ever
from shared.positions import Position, add_positions
from shared.postgres import Pool, create_pool


def create_app(settings: Settings | None = None) -> FastAPI:
    """The HTTP process. It starts without its database and without Kafka, and answers 503 until they are there."""
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        model = create_model(chosen)
        async with (
            await create_pool(chosen.database_url_coach, role=API_ROLE, min_size=0, clean=False) as pool,
            await create_pool(chosen.database_url_coach, role=WORKER_ROLE, min_size=0, max_size=2) as operators,
            service_client(chosen.ingest_url, chosen) as ingest,
        ):
            app.state.pool, app.state.rooms = pool, _rooms(chosen, pool, operators, model, ingest)
            yield
        if model:
            await model.close()

    app = create_service_app("coach", chosen, lifespan)
    install_unavailable(app)
    add_health(app, {"database": partial(_answers, app)})
    add_positions(app, "coach", partial(_positions, app))
    include_routes(app)
    return app


def _rooms(settings: Settings, pool: Pool, operators: Pool, model: Model | None, ingest: httpx2.AsyncClient) -> Rooms:
    memory, conversations, facts = Memory(pool), Conversations(pool), LastingFacts(pool)
    logs, gate = Logs(memory, settings.coach_log_entities, PackedLogs(pool)), _gate(settings, pool, model)
    return Rooms(
        pool=pool,
        operators=operators,
        memory=Memory(operators),
        logs=logs,
        conversations=conversations,
        facts=facts,
        reports=Reports(pool),
        gate=gate,
        chat=Chat(logs, conversations, facts, gate, ModelJobs(pool)),
        follower=Follower(Memory(operators), IngestFeed(ingest, decode_link)),
    )


def _gate(settings: Settings, pool: Pool, model: Model | None) -> Gate:
    budget = Budget(
        settings.coach_chat_per_minute, settings.coach_generations_per_minute, settings.coach_tokens_per_day
    )
    return Gate(model, Spending(pool), budget)


def create_worker(settings: Settings | None = None) -> FastAPI:
    """The worker: consumers, and as the one leader of its database the outbox relay and the report loop."""
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            await create_pool(chosen.database_url_coach, role=WORKER_ROLE, min_size=0, clean=False) as pool,
            service_client(chosen.ingest_url, chosen) as ingest,
            service_client(chosen.auth_url, chosen) as auth,
        ):
            consumers = _consumers(chosen, pool, ingest, auth)
            model = create_model(chosen)
            publisher = Publisher(chosen.kafka_bootstrap_servers)
            app.state.pool, app.state.consumers = pool, consumers
            async with running(_loops(chosen, pool, consumers, publisher, model)):
                yield
            await publisher.close()
            if model:
                await model.close()

    app = create_service_app("coach worker", chosen, lifespan)
    add_health(app, {"database": partial(_answers, app), "consumers": partial(_hear, app)})
    return app


def _consumers(settings: Settings, pool: Pool, ingest: httpx2.AsyncClient, auth: httpx2.AsyncClient) -> Consumers:
    return Consumers(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        pool=pool,
        follower=Follower(Memory(pool), IngestFeed(ingest, decode_link)),
        identity=Identity(pool),
        identity_feed=IdentityFeed(auth),
        compare_every=timedelta(seconds=settings.coach_compare_every_s),
    )


def _loops(
    settings: Settings, pool: Pool, consumers: Consumers, publisher: Publisher, model: Model | None
) -> dict[str, Loop]:
    every, settle, again = settings.coach_reports_every_s, settings.coach_settle_s, settings.coach_replan_s
    pace = Pace(timedelta(seconds=every), timedelta(seconds=settle), timedelta(seconds=again))
    reports, logs = Reports(pool), Logs(Memory(pool), entities=0)
    leading: dict[str, Loop] = {
        "relay": partial(publish_for_ever, pool, publisher, PASSING),
        "reports": partial(report_loop, logs, reports, PackedLogs(pool), pace, told=model is not None),
    }
    if model:
        gate = _gate(settings, pool, model)
        telling = Telling(ModelJobs(pool), Logs(Memory(pool), entities=0), reports, Conversations(pool), gate)
        leading["telling"] = partial(telling.for_ever, pace.every)
    return {
        "consumers": consumers.follow,
        "compare": consumers.compare,
        "leader": partial(as_leader, settings.database_url_coach, leading),
    }


async def _positions(app: FastAPI, after: UUID, limit: int) -> Sequence[Position]:
    rooms: Rooms = app.state.rooms
    return await rooms.memory.positions(after, limit)


async def _answers(app: FastAPI) -> bool:
    async with app.state.pool.acquire(timeout=3) as connection:
        return bool(await connection.fetchval("SELECT true"))


async def _hear(app: FastAPI) -> bool:
    consumers: Consumers = app.state.consumers
    return await consumers.ready()
