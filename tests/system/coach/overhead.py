"""How long coach itself takes until the first token of an answer: `python -m tests.system.coach.overhead`.

One user has the whole Hevy history (7,881 events). Measured from the request to the first `token` frame, less what the
fake model took. The HTTP process and the worker run as they do in production, over real engines.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2

from deploy.local.ports import free_port
from services.coach.facts.packing import SHAPE
from shared.domains.exercises.catalogue import catalogue_id
from tests.eventually import eventually
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.world import Feeds, World, access_token, coach, record_history, served
from tests.system.engines import connect, fresh_database, running_engines

QUESTIONS, NEW_SETS, COLD_STARTS = 200, 60, 8
BENCH = catalogue_id("bench-press-barbell")


@dataclass
class TimedModel(FakeModel):
    """Knows how long it took itself until its first word."""

    pieces: list[str] = field(default_factory=lambda: ["Good ", "work."])
    own: float = 0.0

    async def streamed(self, pieces: list[str]) -> AsyncIterator[bytes]:
        started = time.perf_counter()
        async for line in super().streamed(pieces):
            self.own = self.own or (time.perf_counter() - started if b"Good " in line else 0.0)
            yield line


@asynccontextmanager
async def http_process(world: World, model: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Coach's HTTP process, freshly started."""
    port = free_port()
    environment = {
        **world.environment(),
        "COACH_OPENAI_API_KEY": "key",
        "COACH_OPENAI_BASE_URL": f"{model}/v1",
        "COACH_CHAT_PER_MINUTE": "100000",
        "COACH_TOKENS_PER_DAY": "100000000",
        "LOG_LEVEL": "ERROR",
    }
    arguments = ["-m", "uvicorn", "services.coach.app:create_app", "--factory", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, "--log-level", "error", env=environment, stderr=sys.stderr
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            await _live(client)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def _live(client: httpx2.AsyncClient) -> None:
    async def answers() -> bool:
        try:
            return (await client.get("/health/ready")).status_code == 200
        except httpx2.TransportError:
            return False

    await eventually(answers)


async def first_token(client: httpx2.AsyncClient, model: TimedModel, user: UUID) -> float:
    """Milliseconds of coach's own until the first token of an answer."""
    headers = {"Authorization": f"Bearer {access_token(user)}"}
    model.own, first, started = 0.0, None, time.perf_counter()
    body = {"message": "How was my last workout?"}
    async with client.stream("POST", "/api/v1/coach/chat", json=body, headers=headers) as answer:
        async for line in answer.aiter_lines():
            if first is None and line == "event: token":
                first = time.perf_counter() - started
            if line.startswith("data: ") and "conversation_id" in line:
                assert json.loads(line.removeprefix("data: "))["source"] == "gpt-4o-mini", line
    assert first is not None
    return (first - model.own) * 1000


async def measure(world: World, model: TimedModel, address: str, user: UUID, device: UUID) -> dict[str, list[float]]:
    """Milliseconds by situation."""
    found: dict[str, list[float]] = {
        name: [] for name in ("cold, not packed", "cold", "cold, after a new set", "opened", "opened, second")
    }
    for _ in range(COLD_STARTS):
        await hidden(world, True)
        found["cold, not packed"].append(await _cold(world, address, model, user))
        await hidden(world, False)
        found["cold"].append(await _cold(world, address, model, user))
    for _ in range(COLD_STARTS):
        async with http_process(world, address) as client:
            await first_token(client, model, uuid4())
            found["cold, after a new set"].append(await _after_a_set(world, client, model, user, device))
        async with http_process(world, address) as client:
            await first_token(client, model, uuid4())
            await client.get("/api/v1/coach/quick-questions", headers={"Authorization": f"Bearer {access_token(user)}"})
            await asyncio.sleep(4)
            found["opened"].append(await first_token(client, model, user))
            found["opened, second"].append(await first_token(client, model, user))
    async with http_process(world, address) as client:
        await first_token(client, model, user)
        found["following"] = [await first_token(client, model, user) for _ in range(QUESTIONS)]
        found["after a new set"] = [await _after_a_set(world, client, model, user, device) for _ in range(NEW_SETS)]
    return found


async def _cold(world: World, address: str, model: TimedModel, user: UUID) -> float:
    """In a process that has answered somebody else before."""
    async with http_process(world, address) as client:
        await first_token(client, model, uuid4())
        return await first_token(client, model, user)


async def hidden(world: World, hide: bool) -> None:
    """Takes the packed logs out of sight, or puts them back."""
    connection = await connect(world.settings.database_url_coach)
    await connection.execute("UPDATE packed_logs SET shape = $1", "hidden" if hide else SHAPE)
    await connection.close()


async def _after_a_set(world: World, client: httpx2.AsyncClient, model: TimedModel, user: UUID, device: UUID) -> float:
    connection = await connect(world.settings.database_url_coach)
    await world.publish(*world.workout(user, device, datetime.now(UTC) - timedelta(hours=1), (BENCH, 100, 5)))
    last = len(world.feeds.events[device])

    async def arrived() -> bool:
        query = "SELECT max(sequence_number) FROM memory_events WHERE device_id = $1"
        return bool(await connection.fetchval(query, device) == last)

    await eventually(arrived)
    await connection.close()
    return await first_token(client, model, user)


def table(found: dict[str, list[float]]) -> str:
    lines = [f"{'first token after':<22} {'n':>4} {'p50 ms':>8} {'p99 ms':>8} {'worst':>8}"]
    for name, values in found.items():
        ordered = sorted(values)
        worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        lines.append(f"{name:<22} {len(values):>4} {statistics.median(values):8.1f} {worst:8.1f} {ordered[-1]:8.1f}")
    return "\n".join(lines)


async def main() -> None:
    user, device, model = uuid4(), uuid4(), TimedModel()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hypertrophy-overhead-"))
        engines = await stack.enter_async_context(running_engines(Path(folder)))
        url = await stack.enter_async_context(fresh_database(engines, "coach"))
        address = await stack.enter_async_context(served(model.app()))
        world = await stack.enter_async_context(coach(engines.kafka_bootstrap, url, Feeds()))
        await remembered(world, record_history(world, user, device))
        print(table(await measure(world, model, address, user, device)))


async def remembered(world: World, events: list[Any]) -> None:
    """Published, and in coach's memory."""
    connection = await connect(world.settings.database_url_coach)
    await world.publish(*events)

    async def all_there() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM memory_events") == len(events))

    async def reported() -> bool:
        due = await connection.fetchval("SELECT count(*) FROM report_jobs WHERE status = 'due'")
        return due == 0 and bool(await connection.fetchval("SELECT count(*) FROM weekly_reports"))

    async def packed() -> bool:
        query = "SELECT count(*) FROM trainees JOIN packed_logs USING (user_id, version)"
        return bool(await connection.fetchval(query))

    await eventually(all_there, 120)
    await eventually(reported, 120)
    await eventually(packed)
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
