"""A store over real PostgreSQL, and a feed that speaks ingest's and auth's internal paths."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx2
import pytest

from services.projector.settings import Settings
from services.projector.store import generations
from services.projector.store.batch import ProjectorStore
from shared.clients import service_client
from shared.feeds import IngestFeed
from shared.following import Follower
from shared.postgres import connect, create_pool
from tests.system.conftest import Database
from tests.system.projector.feed import EventStore, served
from tests.system.projector.phones import api
from tests.system.rebuilt import Rebuilt


@pytest.fixture(scope="module")
async def url(database: Database) -> str:
    """A migrated database with a live generation."""
    address = await database("projector")
    owner = await connect(address)
    await generations.ensure_live(owner)
    await owner.close()
    return address


@pytest.fixture(scope="module")
async def pool(url: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """Connections of the worker's role."""
    opened = await create_pool(url, role="projector_worker")
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
async def live_equals_rebuilt(request: pytest.FixtureRequest, rebuilt: Rebuilt) -> AsyncIterator[None]:
    """After every test: what people read is what their whole history gives (law 8)."""
    yield
    if url := request.node.funcargs.get("url"):
        await rebuilt.check(url)


@pytest.fixture
def store(pool: "asyncpg.Pool[asyncpg.Record]") -> ProjectorStore:
    """The live generation, as the worker takes batches at first."""
    return ProjectorStore(pool, parks=False)


@pytest.fixture
def parking(pool: "asyncpg.Pool[asyncpg.Record]") -> ProjectorStore:
    """The same, which parks what cannot be folded."""
    return ProjectorStore(pool)


@pytest.fixture(scope="module")
def event_store() -> Iterator[EventStore]:
    """A small event store behind a port of its own."""
    with served(EventStore()) as store:
        yield store


@pytest.fixture(scope="module")
async def client(url: str, event_store: EventStore) -> AsyncIterator[httpx2.AsyncClient]:
    """The read API."""
    async with api(url, event_store) as opened:
        yield opened


@pytest.fixture
def settings(url: str, event_store: EventStore) -> Settings:
    """Of a rebuild, which reads that event store."""
    return Settings(
        database_url_projector=url, ingest_url=event_store.url, auth_url=event_store.url, service_token="secret"
    )


@pytest.fixture
async def follower(url: str, parking: ProjectorStore, event_store: EventStore) -> AsyncIterator[Follower]:
    """What applies the event store's events to the live generation."""
    settings = Settings(database_url_projector=url, ingest_url=event_store.url, service_token="secret")
    async with service_client(event_store.url, settings) as client:
        yield Follower(parking, IngestFeed(client))
