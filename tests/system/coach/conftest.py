"""One running coach for each test module."""

from collections.abc import AsyncIterator

import pytest

from shared.postgres import Connection
from tests.system.coach.world import Feeds, World, coach
from tests.system.conftest import Database
from tests.system.engines import RealEngines, connect


@pytest.fixture(scope="module")
async def world(engines: RealEngines, database: Database) -> AsyncIterator[World]:
    url = await database("coach")
    async with coach(
        engines.kafka_bootstrap, url, Feeds(), coach_compare_every_s=1, coach_reports_every_s=0.2, coach_replan_s=0.2
    ) as running:
        yield running


@pytest.fixture
async def connection(world: World) -> AsyncIterator[Connection]:
    """To coach's database, as its owner."""
    connected = await connect(world.settings.database_url_coach)
    yield connected
    await connected.close()
