"""Live hints, through a real server, Kafka and the relay."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import uvicorn
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deploy.local.ports import free_port
from services.ingest.app import create_app
from services.ingest.settings import Settings
from shared.identity import DeviceRevoked, MergeApplied, UserMerged, WeeklyReportReady
from shared.kafka import Outgoing, Publisher
from shared.topics import COACH, EFFECTS, IDENTITY
from tests.system.ingest.conftest import Ingest
from tests.system.ingest.phones import KnownTokens, Phone, sets
from tests.system.ingest.test_relay import relay_of, running

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Server:
    """ingest's app on a port, with tokens that the test gives."""

    def __init__(self, settings: Settings, tokens: KnownTokens) -> None:
        app = create_app(settings)
        app.state.tokens = tokens
        self.port = free_port()
        self._server = uvicorn.Server(
            uvicorn.Config(app, port=self.port, log_level="warning", timeout_graceful_shutdown=1)
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Server"]:
        task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.02)
        yield self
        self._server.should_exit = True
        await task


@pytest.fixture(scope="module")
async def servers(ingest: Ingest) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes' worth of ingest, and the relay."""
    await ingest.tables.execute("DELETE FROM outbox")
    first, second = (Server(ingest.settings, ingest.tokens) for _ in range(2))
    async with first.serving(), second.serving(), running(relay_of(ingest.settings)):
        yield first, second


@asynccontextmanager
async def stream(server: Server, phone: Phone, **headers: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The hints of a stream, each with its id."""

    async def hints(response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
        last = ""
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                last = line.removeprefix("id: ")
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: ")) | {"id": last}

    async with (
        httpx2.AsyncClient(base_url=server.url, timeout=30) as client,
        client.stream("GET", "/api/v1/sync/stream", headers={**phone.headers, **headers}) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield hints(response)


async def next_hint(hints: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    return await asyncio.wait_for(anext(hints), 20)


async def say(ingest: Ingest, topic: str, key: str, value: str) -> None:
    publisher = Publisher(ingest.settings.kafka_bootstrap_servers)
    await publisher.publish(topic, [Outgoing(key.encode(), value.encode())])
    await publisher.close()


async def test_every_connection_of_the_user_is_told_whichever_process_it_is_on(
    ingest: Ingest, servers: tuple[Server, Server], phone: Phone
) -> None:
    tablet = ingest.phone(user_id=phone.user_id)
    async with stream(servers[0], phone) as own, stream(servers[1], tablet) as others:
        await ingest.phone().sync(sets(1, 2))
        await phone.sync(sets(1, 3))
        told = [await next_hint(hints) for hints in (own, others)]

    expected = {"device_id": str(phone.device_id), "last_sequence": 3}
    assert [(hint["type"], hint["data"]) for hint in told] == [("events_available", expected)] * 2


async def test_a_reconnecting_stream_hears_what_it_missed(servers: tuple[Server, Server], phone: Phone) -> None:
    async with stream(servers[0], phone) as hints:
        await phone.sync(sets(1, 1))
        seen = await next_hint(hints)
    await phone.sync(sets(2, 4))

    async with stream(servers[1], phone, **{"Last-Event-ID": seen["id"]}) as hints:
        missed = await next_hint(hints)

    assert missed["data"] == {"device_id": str(phone.device_id), "last_sequence": 4}


async def test_merges_reports_and_revocations_are_told(
    ingest: Ingest, servers: tuple[Server, Server], phone: Phone
) -> None:
    merge_id, anonymous = uuid4(), ingest.phone()
    merged = UserMerged(
        number=1, occurred_at=NOW, user_id=phone.user_id, merge_id=merge_id, from_user_id=anonymous.user_id
    )
    applied = MergeApplied(service="projector", user_id=phone.user_id, merge_id=merge_id)
    report = WeeklyReportReady(user_id=phone.user_id, week="2026-W47")
    revoked = DeviceRevoked(number=2, occurred_at=NOW, user_id=phone.user_id, device_id=phone.device_id)
    key = str(phone.user_id)
    async with stream(servers[0], phone) as hints:
        await say(ingest, IDENTITY, key, merged.model_dump_json())
        await say(ingest, EFFECTS, key, applied.model_dump_json())
        first = await next_hint(hints)
        await say(ingest, COACH, key, report.model_dump_json())
        second = await next_hint(hints)
        await anonymous.sync(sets(1, 1))
        third = await next_hint(hints)
        await say(ingest, IDENTITY, key, revoked.model_dump_json())
        fourth = await next_hint(hints)
        with pytest.raises(StopAsyncIteration):
            await next_hint(hints)

    assert (first["type"], first["data"]) == ("merge_applied", {"merge_id": str(merge_id), "service": "projector"})
    assert (second["type"], second["data"]) == ("report_ready", {"week": "2026-W47"})
    assert third["data"]["device_id"] == str(anonymous.device_id)
    assert fourth["type"] == "token_expired"


async def test_a_stream_that_opens_while_its_device_is_revoked_ends_too(
    ingest: Ingest, servers: tuple[Server, Server], phone: Phone
) -> None:
    # given a process that listens, and that hears of a revocation before the database does
    other = ingest.phone()
    later = datetime.now(UTC) + timedelta(hours=1)
    revoked = DeviceRevoked(number=3, occurred_at=later, user_id=phone.user_id, device_id=phone.device_id)
    async with stream(servers[0], other) as hints:
        await say(ingest, IDENTITY, str(phone.user_id), revoked.model_dump_json())
        await other.sync(sets(1, 1))
        await next_hint(hints)

        # when the device's stream opens just then, then it ends
        async with stream(servers[0], phone) as its_own:
            assert (await next_hint(its_own))["type"] == "token_expired"
            with pytest.raises(StopAsyncIteration):
                await next_hint(its_own)


async def test_a_stream_ends_with_its_token(ingest: Ingest, servers: tuple[Server, Server], phone: Phone) -> None:
    token = ingest.tokens.give(phone.user_id, phone.device_id, seconds=3)
    async with httpx2.AsyncClient(base_url=servers[0].url, timeout=30) as client:
        answer = await client.get("/api/v1/sync/stream", headers={"Authorization": f"Bearer {token}"})
    assert '"token_expired"' in answer.text.strip().splitlines()[-1]


async def test_a_socket_tells_the_same_and_needs_a_ticket_that_works_once(
    ingest: Ingest, servers: tuple[Server, Server], phone: Phone
) -> None:
    issued = await phone.client.post("/api/v1/sync/stream-ticket", headers=phone.headers)
    ticket = issued.json()["ticket"]
    address = f"ws://127.0.0.1:{servers[1].port}/api/v1/sync/ws?ticket={ticket}"

    async with connect_socket(address) as socket:
        await socket.send(b"what a client says is not listened to")
        await socket.send("in whatever form")
        await phone.sync(sets(1, 2))
        hint = json.loads(await asyncio.wait_for(socket.recv(), 20))

    assert hint == {"type": "events_available", "data": {"device_id": str(phone.device_id), "last_sequence": 2}}
    with pytest.raises(InvalidStatus) as refused:
        await connect_socket(address)
    assert refused.value.response.status_code == 401


async def test_a_socket_ends_with_its_token(ingest: Ingest, servers: tuple[Server, Server], phone: Phone) -> None:
    token = ingest.tokens.give(phone.user_id, phone.device_id, seconds=3)
    address = f"ws://127.0.0.1:{servers[1].port}/api/v1/sync/ws"
    async with connect_socket(address, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        assert json.loads(await asyncio.wait_for(socket.recv(), 20))["type"] == "token_expired"
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 20)
