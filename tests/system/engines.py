"""The real engines under the system tests: embedded, or in containers with `HYPERTROPHY_TEST_ENGINES=containers`."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg

from deploy.local.engines import Engines
from shared.migrations import migrate
from shared.topics import create_topics

SERVICES = ("ingest", "projector", "auth", "coach")


class StoppableBroker(Protocol):
    """Kafka, for tests of outages."""

    async def kill(self) -> None: ...

    async def start(self) -> None: ...


class RealEngines(Protocol):
    """What tests need of the engines, wherever they run."""

    @property
    def kafka_bootstrap(self) -> str: ...

    @property
    def broker(self) -> StoppableBroker: ...

    async def create_database(self, name: str, owner: str) -> str:
        """Makes an empty database owned by a role of its own and returns its URL."""

    async def drop_database(self, name: str) -> None: ...


class EmbeddedEngines:
    """The engines of `./hypertrophy up`."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines

    @property
    def kafka_bootstrap(self) -> str:
        return self.engines.kafka_bootstrap

    @property
    def broker(self) -> StoppableBroker:
        return self.engines.kafka

    async def create_database(self, name: str, owner: str) -> str:
        await self.engines.postgres.create_database(name, owner)
        return self.engines.postgres.url(name, role=owner)

    async def drop_database(self, name: str) -> None:
        await self.engines.postgres.drop_database(name)


@asynccontextmanager
async def running_engines(folder: Path) -> AsyncIterator[RealEngines]:
    """Starts PostgreSQL and Kafka, makes the topics, and stops both at the end."""
    if os.environ.get("HYPERTROPHY_TEST_ENGINES") == "containers":
        from tests.system.containers import ContainerEngines

        containers = await asyncio.to_thread(ContainerEngines.started)
        try:
            await create_topics(containers.kafka_bootstrap)
            yield containers
        finally:
            await asyncio.to_thread(containers.stop)
    else:
        async with Engines(folder) as engines:
            await create_topics(engines.kafka_bootstrap)
            yield EmbeddedEngines(engines)


@asynccontextmanager
async def fresh_database(engines: RealEngines, service: str, *, migrated: bool = True) -> AsyncIterator[str]:
    """A database of its own for a test, owned by the service's role, at the newest revision unless told otherwise."""
    name = f"{service}_{secrets.token_hex(4)}"
    url = await engines.create_database(name, service)
    try:
        if migrated:
            await migrate(url, service)
        yield url
    finally:
        await engines.drop_database(name)


async def connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection for looking into a store from outside."""
    return await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
