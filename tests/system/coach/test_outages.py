"""What dies in between leaves no report out, makes none twice, and loses no event."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.processes import free_port
from deploy.local.roles import ROOT
from shared.domains.exercises.catalogue import catalogue_id
from shared.identity import WeeklyReportReady
from shared.topics import COACH
from tests.system.coach.world import START, Feeds, World, coach, eventually, said_on
from tests.system.conftest import Database
from tests.system.engines import TestEngines, connect

BENCH = catalogue_id("bench-press-barbell")
WEEKS = 40


@pytest.fixture
async def database_of(world: World) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await connect(world.settings.database_url_coach)
    yield connection
    await connection.close()


@pytest.fixture
async def lone_world(engines: TestEngines, database: Database) -> AsyncIterator[World]:
    """Coach without a worker in this process."""
    async with coach(engines.kafka_bootstrap, await database("coach"), Feeds(), with_worker=False) as running:
        yield running


@asynccontextmanager
async def worker(world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    """The worker as a process of its own."""
    settings = world.settings
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL_COACH": settings.database_url_coach,
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "INGEST_URL": settings.ingest_url,
        "AUTH_URL": settings.auth_url,
        "SERVICE_TOKEN": "service-token",
        "COACH_REPORTS_EVERY_S": "0.1",
        "COACH_SETTLE_S": "0.1",
        "COACH_REPLAN_S": "0.1",
        "COACH_COMPARE_EVERY_S": "1",
    }
    port = free_port()
    arguments = ["-m", "uvicorn", "services.coach.app:create_worker", "--factory", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_worker_killed_amid_reports_leaves_each_report_once(
    lone_world: World,
) -> None:
    world, user, device = lone_world, uuid4(), uuid4()
    database = await connect(world.settings.database_url_coach)
    for back in range(WEEKS):
        world.workout(user, device, START - timedelta(weeks=back + 1), (BENCH, 100, 5), (BENCH, 90, 8))

    async def made(count: int) -> bool:
        return bool(await database.fetchval("SELECT count(*) FROM weekly_reports") >= count)

    async with worker(world) as process:
        assert await eventually(partial(made, 1), 60)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with worker(world):
        assert await eventually(partial(made, WEEKS), 60)
        announced = await said_on(world, COACH, user)

    revisions = await database.fetch("SELECT week, revision FROM weekly_reports")
    assert [row["revision"] for row in revisions] == [1] * WEEKS
    weeks = [WeeklyReportReady.model_validate_json(value).week for value in announced]
    assert set(weeks) == {row["week"] for row in revisions}
    await database.close()


async def test_kafka_killed_amid_batches_loses_nothing(
    world: World, engines: TestEngines, database_of: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    user, device = uuid4(), uuid4()
    before = world.workout(user, device, START, *[(BENCH, 100, 5)] * 300)
    await world.publish(*before)
    await engines.broker.kill()
    during = world.workout(user, device, START, (BENCH, 90, 5))
    await engines.broker.start()
    after = world.workout(user, device, START, (BENCH, 80, 5))
    await world.publish(*during, *after)

    async def all_there() -> bool:
        found = await database_of.fetchval("SELECT count(*) FROM memory_events WHERE user_id = $1", user)
        return bool(found == len(before) + len(during) + len(after))

    assert await eventually(all_there, 60)
