"""auth's worker on the real engines: its log on the topic, the answers to it, and what events tell about devices."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from uuid import UUID, uuid4, uuid5

import httpx2
import pytest
import uvicorn
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI

from deploy.local.ports import free_port
from services.auth.app import create_app, create_worker
from services.auth.settings import Settings
from services.ingest.app import create_app as create_ingest
from services.ingest.app import create_worker as create_ingest_worker
from services.ingest.settings import Settings as IngestSettings
from shared.identity import ErasureApplied, MergeApplied, ServiceName
from shared.kafka import Outgoing, Publisher
from shared.topics import EFFECTS, IDENTITY
from tests.eventually import eventually
from tests.system.auth.conftest import SERVICE_TOKEN, Auth, Json, Phone, authorized, code
from tests.system.conftest import Database
from tests.system.engines import RealEngines, connect


@asynccontextmanager
async def served(app: FastAPI, port: int) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=2))
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
async def auth(settings: Settings, engines: RealEngines, database: Database) -> AsyncIterator[Auth]:
    """auth and ingest with their workers, reaching each other over HTTP."""
    auth_port, ingest_port = free_port(), free_port()
    auth_url, ingest_url = f"http://127.0.0.1:{auth_port}", f"http://127.0.0.1:{ingest_port}"
    urls = {"auth_url": auth_url, "ingest_url": ingest_url}
    settings = settings.model_copy(update={**urls, "auth_repeat_seconds": 0.5, "auth_compare_seconds": 1})
    ingest = IngestSettings(
        database_url_ingest=await database("ingest"),
        kafka_bootstrap_servers=engines.kafka_bootstrap,
        service_token=SERVICE_TOKEN,
        ingest_limits_enabled=False,
        auth_url=auth_url,
        ingest_url=ingest_url,
    )
    async with AsyncExitStack() as stack:
        app, worker = create_app(settings), create_worker(settings)
        await stack.enter_async_context(served(app, auth_port))
        await stack.enter_async_context(served(create_ingest(ingest), ingest_port))
        for other in (create_ingest_worker(ingest), worker):
            await stack.enter_async_context(other.router.lifespan_context(other))
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=urls["auth_url"]))
        transport = httpx2.ASGITransport(app=worker)
        looking = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://worker"))

        async def ready() -> bool:
            return (await looking.get("/health/ready")).status_code == 200

        await eventually(ready)
        yield Auth(app, http, settings)


async def sync(auth: Auth, phone: Phone, events: int) -> None:
    body = {"device_id": str(phone.device_id), "events": [set_completed(number + 1) for number in range(events)]}
    headers = authorized(phone.tokens["access_token"])
    async with httpx2.AsyncClient(base_url=auth.settings.ingest_url) as http:
        answer = await http.post("/api/v1/sync", json=body, headers=headers)
    assert answer.json()["accepted_count"] == events, answer.text


def set_completed(number: int) -> Json:
    payload = {
        **{name: str(uuid4()) for name in ("set_id", "workout_id", "exercise_id")},
        "completed_at": "2026-11-21T10:00:00.000Z",
        "reps": 5,
        "weight": 100,
    }
    return {
        "event_id": str(uuid4()),
        "event_type": "SetCompleted",
        "payload": payload,
        "sequence_number": number,
        "occurred_at": "2026-11-21T10:00:00.000Z",
    }


async def answer(auth: Auth, *effects: MergeApplied | ErasureApplied) -> None:
    """What projector and coach say."""
    publisher = Publisher(auth.settings.kafka_bootstrap_servers)
    records = [Outgoing(str(effect.user_id).encode(), effect.model_dump_json().encode()) for effect in effects]
    await publisher.publish(EFFECTS, [Outgoing(b"x", b"{not an effect"), *records])
    await publisher.close()


OTHERS: tuple[ServiceName, ...] = ("projector", "coach")


async def said(auth: Auth) -> AsyncGenerator[tuple[str, Json], None]:
    """Keys and values on the identity topic, from its beginning. Other tests leave records there that are no events."""
    consumer = AIOKafkaConsumer(
        IDENTITY, bootstrap_servers=auth.settings.kafka_bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        while True:
            record = await asyncio.wait_for(consumer.getone(), 30)
            with suppress(ValueError):
                yield record.key.decode(), json.loads(record.value)
    finally:
        await consumer.stop()


async def test_identity_events_reach_the_topic_in_order_and_without_gaps(auth: Auth) -> None:
    phones = [await auth.anonymous() for _ in range(5)]
    ours = {phone.user_id for phone in phones}
    heard: list[Json] = []
    async with aclosing(said(auth)) as identity:
        async for key, event in identity:
            if event.get("user_id") in ours:
                assert key == event["user_id"]
                heard.append(event)
            if len(heard) == 2 * len(phones):
                break
    for user in ours:
        numbers = [event["number"] for event in heard if event["user_id"] == user]
        assert numbers == sorted(numbers)
        assert [e["event_type"] for e in heard if e["user_id"] == user] == ["UserRegistered", "DeviceLinked"]


async def test_a_merge_is_applied_once_all_services_have_said_so(auth: Auth) -> None:
    owner, email = await auth.account()
    phone = await auth.anonymous()
    await sync(auth, phone, 3)
    merge = (await phone.login(email)).json()["merge"]
    path = f"/merges/{merge['merge_id']}"

    async def only_ingest() -> bool:
        services = (await owner.call("GET", path)).json()["services"]
        return bool(services == {"projector": "pending", "coach": "pending", "ingest": "applied"})

    await eventually(only_ingest)
    assert (await owner.call("GET", path)).json()["status"] == "pending"
    user, merge_id = UUID(merge["into_user_id"]), UUID(merge["merge_id"])
    await answer(auth, *(MergeApplied(service=service, user_id=user, merge_id=merge_id) for service in OTHERS))

    async def applied() -> bool:
        return bool((await owner.call("GET", path)).json()["status"] == "applied")

    await eventually(applied)


async def test_an_unanswered_merge_is_said_again(auth: Auth) -> None:
    _, email = await auth.account()
    phone = await auth.anonymous()
    merge = (await phone.login(email)).json()["merge"]
    heard = 0
    async with aclosing(said(auth)) as identity:
        async for _, event in identity:
            heard += event.get("merge_id") == merge["merge_id"]
            if heard == 3:
                break


async def test_an_erasure_reports_what_every_store_has_erased(auth: Auth) -> None:
    phone = await auth.anonymous()
    await sync(auth, phone, 4)
    erasure = (await phone.call("DELETE", "/me")).json()["erasure_id"]
    path = f"/api/v1/auth/erasures/{erasure}"
    user, gone = UUID(phone.user_id), {"sets": 4}
    erased = (ErasureApplied(service=by, user_id=user, erasure_id=UUID(erasure), counts=gone) for by in OTHERS)
    await answer(auth, *erased)

    async def applied() -> bool:
        return bool((await auth.http.get(path)).json()["status"] == "applied")

    await eventually(applied)
    report = (await auth.http.get(path)).json()
    counts = {(row["service"], row["store"]): row["count"] for row in report["stores"]}
    assert counts["projector", "sets"] == counts["coach", "sets"] == 4
    assert counts["ingest", "events"] == 4
    assert report["applied_at"] is not None


async def test_events_tell_when_a_device_was_last_seen(auth: Auth) -> None:
    phone = await auth.anonymous()
    await sync(auth, phone, 7)

    async def seen() -> bool:
        device = (await phone.call("GET", "/devices")).json()["items"][0]
        return bool((device["last_sequence"], device["events"]) == (7, 7))

    await eventually(seen)
    (device,) = (await phone.call("GET", "/devices")).json()["items"]
    assert all(re.fullmatch(r".*:\d\d\.\d{3}Z", device[field]) for field in ("created_at", "last_seen"))


async def test_activity_that_was_lost_is_read_again_from_ingest(auth: Auth) -> None:
    phone = await auth.anonymous()
    await sync(auth, phone, 5)

    async def seen() -> bool:
        return bool((await phone.call("GET", "/devices")).json()["items"][0]["events"] == 5)

    await eventually(seen)
    connection = await connect(auth.settings.database_url_auth)
    await connection.execute("UPDATE device_activity SET event_count = 1, event_hash = repeat('f', 32)")
    await connection.close()
    await eventually(seen)


async def test_positions_come_page_by_page_and_no_page_is_empty(auth: Auth) -> None:
    phones = [await auth.anonymous() for _ in range(2)]
    for phone in phones:
        await sync(auth, phone, 2)

    async def listed() -> list[Json]:
        found, cursor = [], ""
        while True:
            path = f"/internal/auth/positions?limit=1{cursor}"
            page = (await auth.internal("GET", path)).json()
            assert len(page["items"]) == 1
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def all_there() -> bool:
        whole = {one["device_id"] for one in await listed() if one["sequence"] == one["count"] == 2}
        return {str(phone.device_id) for phone in phones} <= whole

    await eventually(lambda: auth_knows_of_any(auth))
    await eventually(all_there)
    devices = [one["device_id"] for one in await listed()]
    assert devices == sorted(set(devices))


async def auth_knows_of_any(auth: Auth) -> bool:
    return bool((await auth.internal("GET", "/internal/auth/positions")).json()["items"])


async def test_the_servers_devices_are_taken(auth: Auth) -> None:
    phone = await auth.anonymous()
    async with httpx2.AsyncClient(base_url=auth.settings.ingest_url) as http:
        answer = await http.get("/api/v1/sync/hash", headers=authorized(phone.tokens["access_token"]))
    phone.device_id = uuid5(UUID(phone.user_id), f"server:{answer.json()['server_epoch']}")
    assert code(await phone.launch()) == (409, "device_exists")
    assert code(await phone.launch(bearer=phone.tokens["access_token"])) == (409, "device_exists")


async def test_an_export_has_the_events_of_the_event_store(auth: Auth) -> None:
    phone = await auth.anonymous()
    await sync(auth, phone, 3)
    answer = await phone.call("GET", "/me/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        events = [json.loads(line) for line in archive.read("ingest.jsonl").splitlines()]
        manifest = json.loads(archive.read("manifest.json"))
    assert [event["sequence_number"] for event in events] == [1, 2, 3]
    assert {"name": "ingest.jsonl", "lines": 3} in manifest["files"]


async def test_identity_events_wait_for_a_broker_that_is_away(auth: Auth, engines: RealEngines) -> None:
    await engines.broker.kill()
    try:
        phones = [await auth.anonymous() for _ in range(3)]
    finally:
        await engines.broker.start()
    connection = await connect(auth.settings.database_url_auth)
    try:
        ours = [UUID(phone.user_id) for phone in phones]
        last = await connection.fetchval("SELECT max(number) FROM identity_log WHERE user_id = ANY($1)", ours)

        async def published() -> bool:
            return bool(await connection.fetchval("SELECT published_number >= $1 FROM identity_counter", last))

        await eventually(published)
    finally:
        await connection.close()
