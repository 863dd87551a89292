"""The whole product running, and phones that talk to it through its one origin."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from deploy.local.stack import Stack
from tests.system.engines import SERVICES, RealEngines, StoppableBroker, running_engines

Json = dict[str, Any]
LIFT = str(uuid4())
COMPARED_EVERY_SECONDS = 10


@dataclass
class World:
    """A running stack and its broker."""

    stack: Stack
    broker: StoppableBroker
    http: httpx2.AsyncClient

    async def phone(self, *, beside: "Phone | None" = None) -> "Phone":
        """A phone after its first launch, alone or as a further one of the same user."""
        phone = Phone(self.http)
        await phone.launch(beside)
        return phone

    async def until_ready(self, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not await self.stack.ready():
                await asyncio.sleep(0.1)


@dataclass
class Phone:
    """One device with its own queue of events."""

    http: httpx2.AsyncClient
    device_id: str = field(default_factory=lambda: str(uuid4()))
    device_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    tokens: Json = field(default_factory=dict)
    queue: list[Json] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    async def launch(self, beside: "Phone | None" = None) -> None:
        body = {"device_id": self.device_id, "device_secret": self.device_secret}
        answer = await self.http.post("/api/v1/auth/devices", json=body, headers=beside.headers if beside else {})
        assert answer.status_code == 201, answer.text
        self.tokens = answer.json()

    def log(self, event_type: str, payload: Json, occurred_at: str = "2026-11-20T18:00:00.000Z") -> Json:
        event = {
            "event_id": str(uuid4()),
            "event_type": event_type,
            "payload": payload,
            "sequence_number": len(self.queue) + 1,
            "occurred_at": occurred_at,
        }
        self.queue.append(event)
        return event

    def train(self, sets: int = 3, weight: float = 100) -> str:
        """Logs a whole workout and returns its id."""
        workout_id = str(uuid4())
        self.log("WorkoutStarted", {"workout_id": workout_id, "started_at": "2026-11-20T18:00:00Z", "name": "Legs"})
        for number in range(sets):
            done = {"set_id": str(uuid4()), "workout_id": workout_id, "exercise_id": LIFT, "reps": 5, "weight": weight}
            self.log("SetCompleted", done | {"completed_at": f"2026-11-20T18:{number % 60:02d}:00Z"})
        self.log("WorkoutEnded", {"workout_id": workout_id, "ended_at": "2026-11-20T19:00:00Z"})
        return workout_id

    async def push(self, events: Sequence[Json] | None = None, **more: Any) -> httpx2.Response:
        body = {"device_id": self.device_id, "events": self.queue if events is None else events, **more}
        return await self.http.post("/api/v1/sync", json=body, headers=self.headers)

    async def push_patiently(self, events: Sequence[Json]) -> Json:
        """As a phone does: whatever goes wrong on the way, the same batch goes out again."""
        async with asyncio.timeout(60):
            while True:
                try:
                    answer = await self.push(events)
                except httpx2.HTTPError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    accepted: Json = answer.json()
                    return accepted
                await asyncio.sleep(0.1)

    async def read(self, path: str, *, after: int | None = None, **params: Any) -> httpx2.Response:
        position = {} if after is None else {"X-Read-After": f"{self.device_id}:{after}"}
        return await self.http.get(f"/api/v1{path}", params=params, headers=self.headers | position)

    async def read_fresh(self, path: str, *, after: int, seconds: float = 60, **params: Any) -> Json:
        """What is there once this phone's events up to `after` are projected, however long that takes."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    answer = await self.read(path, after=after, **params)
                except httpx2.HTTPError:
                    answer = None
                if answer is not None and answer.status_code == 200 and "X-Stale" not in answer.headers:
                    found: Json = answer.json()
                    return found
                await asyncio.sleep(0.2)

    async def read_all(self, path: str, after: int, seconds: float = 60) -> list[Json]:
        """Every item of a list, once this phone's events up to `after` are projected."""
        page = await self.read_fresh(path, after=after, seconds=seconds, limit=500)
        items: list[Json] = page["items"]
        while cursor := page["next_cursor"]:
            page = (await self.read(path, limit=500, cursor=cursor)).json()
            items += page["items"]
        return items


@asynccontextmanager
async def running_world(folder: Path) -> AsyncIterator[World]:
    """The stack on engines of its own: other tests speak on the same topics."""
    async with AsyncExitStack() as exit_stack:
        settings = {"INGEST_LIMITS_ENABLED": "false", "AUTH_LIMITS_ENABLED": "false"}
        compared = ("AUTH_COMPARE_SECONDS", "COACH_COMPARE_EVERY_S", "PROJECTOR_COMPARE_SECONDS")
        settings |= dict.fromkeys(compared, str(COMPARED_EVERY_SECONDS))
        broker: StoppableBroker | None = None
        if os.environ.get("HYPERTROPHY_TEST_ENGINES") == "containers":
            engines = await exit_stack.enter_async_context(running_engines(folder / "engines"))
            settings |= await _addresses(engines)
            broker = engines.broker
        stack = await exit_stack.enter_async_context(Stack(folder / "data", settings=settings))
        http = await exit_stack.enter_async_context(httpx2.AsyncClient(base_url=stack.url, timeout=30))
        yield World(stack, broker or stack.engines.kafka, http)


async def _addresses(engines: RealEngines) -> dict[str, str]:
    urls = {f"DATABASE_URL_{name.upper()}": await engines.create_database(name, name) for name in SERVICES}
    return urls | {"KAFKA_BOOTSTRAP_SERVERS": engines.kafka_bootstrap}
