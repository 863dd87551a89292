"""`kill -9` at any moment of logging and syncing: no logged set is lost, none doubled."""

import asyncio
import json
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from client.engine import Synced, SyncEngine
from client.home import Home
from client.projections import project
from client.protocol import Protocol
from client.queue import EventQueue
from client.session import Session
from tests.unit.client.fake_server import FakeServer

ROOT = Path(__file__).resolve().parents[3]
KILLS = 100


@pytest.fixture
async def server() -> AsyncIterator[tuple[FakeServer, str]]:
    """The server in memory, reached by HTTP."""
    fake = FakeServer()

    async def answer(request: Request) -> Response:
        url, body = str(request.url), await request.body()
        passed = await fake.handle(httpx2.Request(request.method, url, headers=dict(request.headers), content=body))
        return Response(passed.content, passed.status_code, media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(running.serve(sockets=[listening]))
    yield fake, f"http://127.0.0.1:{listening.getsockname()[1]}"
    running.should_exit = True
    await task


async def test_a_hundred_kills_lose_and_double_nothing(server: tuple[FakeServer, str], tmp_path: Path) -> None:
    # given a client that is killed a hundred times while it logs and syncs
    fake, url = server
    arguments = ["-m", "tests.unit.client.killing", url, str(tmp_path), "7", str(KILLS)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
    assert await process.wait() == 0

    # when it is started once more and left alone
    home = Home(tmp_path)
    queue, session = EventQueue(home.log), Session(home.session)
    engine = SyncEngine(home, queue, session, Protocol(url))
    outcome = await engine.sync()

    # then every set whose logging had returned is in the log and on the server, once
    assert isinstance(outcome, Synced)
    noted = [UUID(line) for line in (tmp_path / "noted").read_text().split()]
    assert len(noted) > KILLS
    logged = Counter(UUID(json.loads(event.payload)["set_id"]) for event, _ in queue.events())
    stored = Counter(UUID(event["payload"]["set_id"]) for event in fake.accepted())
    assert set(noted) <= logged.keys()
    assert logged == stored
    assert max(stored.values()) == 1
    assert queue.faults() == []
    assert len(fake.store.devices) == 1
    assert project(queue, engine.pulled).unreadable == ()
