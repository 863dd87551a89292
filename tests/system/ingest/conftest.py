"""ingest's app on a fresh database for each test module."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest
from pydantic import SecretStr

from services.ingest.app import create_app
from services.ingest.settings import Settings
from tests.system.conftest import Database
from tests.system.engines import RealEngines, connect
from tests.system.ingest.phones import KnownTokens, Phone

SERVICE = {"Authorization": "Bearer service-token"}


@dataclass
class Ingest:
    """A running app, its settings and a look at its tables."""

    settings: Settings
    client: httpx2.AsyncClient
    tokens: KnownTokens
    tables: "asyncpg.Connection[asyncpg.Record]"

    def phone(self, **known: Any) -> Phone:
        return Phone(self.client, self.tokens, **known)

    async def internal(self, path: str, **params: Any) -> httpx2.Response:
        response = await self.client.get(path, params=params, headers=SERVICE)
        assert response.status_code == 200, response.text
        return response


@pytest.fixture(scope="module")
async def settings(engines: RealEngines, database: Database) -> Settings:
    return Settings(
        database_url_ingest=await database("ingest"),
        kafka_bootstrap_servers=engines.kafka_bootstrap,
        service_token=SecretStr("service-token"),
        ingest_limits_enabled=False,
        ingest_pool_size=4,
    )


@pytest.fixture(scope="module")
async def ingest(settings: Settings) -> AsyncIterator[Ingest]:
    app = create_app(settings)
    tokens = KnownTokens()
    app.state.tokens = tokens
    tables = await connect(settings.database_url_ingest)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://ingest") as client,
    ):
        yield Ingest(settings, client, tokens, tables)
    await tables.close()


@pytest.fixture
def phone(ingest: Ingest) -> Phone:
    """A phone that nobody has met."""
    return ingest.phone()


@pytest.fixture
def other(ingest: Ingest) -> Callable[..., Phone]:
    """Makes further phones."""
    return ingest.phone
