"""What dies in between leaves no report out, makes none twice, and loses no event."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from deploy.local.ports import free_port
from deploy.local.roles import ROOT
from services.coach.leading import as_leader
from shared.domains.exercises.catalogue import catalogue_id
from shared.identity import WeeklyReportReady
from shared.postgres import Connection
from shared.topics import COACH as COACH_TOPIC
from tests.eventually import eventually
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.overhead import http_process
from tests.system.coach.world import COACH, START, Feeds, World, coach, frames_of, said_on, served, text_of
from tests.system.conftest import Database
from tests.system.engines import RealEngines, connect
from tests.system.wire import wire_to

BENCH = catalogue_id("bench-press-barbell")
WEEKS = 40


@pytest.fixture
async def lone_world(engines: RealEngines, database: Database) -> AsyncIterator[World]:
    """Coach without a worker in this process."""
    async with coach(engines.kafka_bootstrap, await database("coach"), Feeds(), with_worker=False) as running:
        yield running


@asynccontextmanager
async def worker(world: World, model: str | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """The worker as a process of its own, where there is one with a model at the address."""
    environment = {
        **world.environment(),
        "COACH_REPORTS_EVERY_S": "0.1",
        "COACH_SETTLE_S": "0.1",
        "COACH_REPLAN_S": "0.1",
        "COACH_COMPARE_EVERY_S": "1",
        **({"COACH_OPENAI_API_KEY": "key", "COACH_OPENAI_BASE_URL": f"{model}/v1"} if model else {}),
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


async def test_who_leads_when_the_host_of_its_lock_vanishes_stops_and_another_leads(database: Database) -> None:
    turns = 0

    async def work() -> None:
        nonlocal turns
        turns += 1
        try:
            await asyncio.Event().wait()
        finally:
            turns -= 1

    async def one_works() -> bool:
        return turns == 1

    async with wire_to(await database("coach")) as wire:
        first = asyncio.create_task(as_leader(wire.url, {"work": work}))
        await eventually(one_works)
        wire.vanish()
        await asyncio.wait({first}, timeout=30)
        assert (first.done(), turns) == (True, 0)

        second = asyncio.create_task(as_leader(wire.url, {"work": work}))
        await eventually(one_works)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


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
        await eventually(partial(made, 1))
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with worker(world):
        await eventually(partial(made, WEEKS))
        announced = await said_on(world, COACH_TOPIC, user)

    revisions = await database.fetch("SELECT week, revision FROM weekly_reports")
    assert [row["revision"] for row in revisions] == [1] * WEEKS
    weeks = [WeeklyReportReady.model_validate_json(value).week for value in announced]
    assert set(weeks) == {row["week"] for row in revisions}
    await database.close()


@asynccontextmanager
async def model_process(port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A provider as a process of its own, which speaks slowly."""
    arguments = ["-m", "uvicorn", "tests.system.coach.fake_model:slow", "--factory", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, "--log-level", "error", cwd=ROOT)

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await eventually(listens)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_provider_killed_amid_its_answer_leaves_a_whole_answer_and_a_usable_chat(lone_world: World) -> None:
    world, user, port = lone_world, uuid4(), free_port()
    async with model_process(port) as model, http_process(world, f"http://127.0.0.1:{port}") as client:
        said = {"message": "How was my last workout?"}
        frames: list[tuple[str, Any]] = []
        async with client.stream("POST", f"{COACH}/chat", json=said, headers=world.caller(user)) as answer:
            async for event, data in frames_in(answer):
                if not frames:
                    model.kill()
                frames.append((event, data))
        assert [event for event, _ in frames][-2:] == ["evidence", "done"]
        assert text_of(frames).startswith("Good ")
        assert "The answer broke off there. From your log:" in text_of(frames)
        done = frames[-1][1]
        assert (done["source"], done["text"]) == ("rules", text_of(frames))

        again = {"message": "And my streak?", "conversation_id": done["conversation_id"]}
        second = await client.post(f"{COACH}/chat", json=again, headers=world.caller(user))
        assert "event: done" in second.text
        path = f"{COACH}/conversations/{done['conversation_id']}"
        kept = (await client.get(path, headers=world.caller(user))).json()["messages"]
        assert [message["role"] for message in kept] == ["user", "assistant", "user", "assistant"]
        assert kept[1]["text"] == done["text"]


async def frames_in(answer: httpx2.Response) -> AsyncIterator[tuple[str, Any]]:
    """The frames of a stream as they come."""
    event = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield event, json.loads(line.removeprefix("data: "))


async def test_a_worker_killed_while_the_model_writes_leaves_one_report_that_is_told_later(lone_world: World) -> None:
    world, user, model = lone_world, uuid4(), FakeModel("stall")
    database = await connect(world.settings.database_url_coach)
    world.workout(user, uuid4(), datetime.now(UTC) - timedelta(weeks=1), (BENCH, 100, 5))
    query = "SELECT revision, content::json ->> 'opening' AS opening FROM weekly_reports WHERE user_id = $1"

    async def asked() -> bool:
        return bool(model.calls)

    async def told() -> bool:
        return bool(await database.fetchval("SELECT count(*) FROM model_jobs WHERE status = 'done'"))

    async with served(model.app()) as address:
        async with worker(world, model=address) as process:
            await eventually(asked)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert [row["revision"] for row in await database.fetch(query, user)] == [1]
        model.behaviour, model.pieces = "answer", [json.dumps({"sentences": ["You moved 500 kg."]})]
        async with worker(world, model=address):
            await eventually(told)
            announced = await said_on(world, COACH_TOPIC, user)
    assert [tuple(row) for row in await database.fetch(query, user)] == [(2, "You moved 500 kg.")]
    # The hint may come twice, where the kill fell between saying it and noting that it was said; the report does not.
    assert len({WeeklyReportReady.model_validate_json(value).week for value in announced}) == 1
    await database.close()


async def test_kafka_killed_amid_batches_leaves_one_correct_report_of_each_week(
    world: World, engines: RealEngines, connection: Connection
) -> None:
    user, device = uuid4(), uuid4()
    weeks = [
        world.workout(user, device, START - timedelta(weeks=back + 1), *[(BENCH, 100, 5)] * 60) for back in range(20)
    ]
    events = [event for week in weeks for event in week]

    async def remembered() -> int:
        found = await connection.fetchval("SELECT count(*) FROM memory_events WHERE user_id = $1", user)
        return int(found)

    await world.publish(*events[: len(events) // 2])
    await eventually(remembered)
    await engines.broker.kill()
    await engines.broker.start()
    await world.publish(*events)

    async def reports() -> list[tuple[str, float]]:
        rows = await connection.fetch(
            "SELECT week, content::json -> 'data' -> 'totals' ->> 'tonnage_kg' AS moved FROM weekly_reports"
            " WHERE user_id = $1 ORDER BY week",
            user,
        )
        return [(row["week"], float(row["moved"])) for row in rows]

    async def all_right() -> bool:
        return await remembered() == len(events) and [moved for _, moved in await reports()] == [30_000] * 20

    await eventually(all_right)
    assert len({week for week, _ in await reports()}) == 20
    frames = await frames_of(world, user, "How much did I lift?")
    assert "30000 kg" in text_of(frames)
    announced = [WeeklyReportReady.model_validate_json(value).week for value in await said_on(world, COACH_TOPIC, user)]
    assert set(announced) == {week for week, _ in await reports()}


async def test_kafka_killed_amid_batches_loses_nothing(
    world: World, engines: RealEngines, connection: Connection
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
        found = await connection.fetchval("SELECT count(*) FROM memory_events WHERE user_id = $1", user)
        return bool(found == len(before) + len(during) + len(after))

    await eventually(all_there)
