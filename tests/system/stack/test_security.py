"""The published description against a stranger: whatever names an id of somebody else is not found."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from shared.security import HEADERS
from shared.topics import COACH as REPORTS
from shared.topics import EFFECTS, EVENTS, IDENTITY, partitions
from tests.system.stack.test_people import applied, log_in, register, sees
from tests.system.stack.world import Json, Phone, World

COACH = "/api/v1/coach"
# These ids are tried in the tests of auth: tests/system/auth/test_merging.py and test_erasing.py.
TRIED_ELSEWHERE = {"merge_id", "erasure_id"}
GARBAGE = (None, b"", b"\x00\xff", b"null", b"{}", b"[" * 100_000, b'{"user_id": "\\ud800"}', b'{"user_id": 7}')
ELSEWHERE = "https://elsewhere.example"


async def items(phone: Phone, path: str) -> list[Json]:
    answer = await phone.http.get(path, headers=phone.headers)
    found: list[Json] = answer.json()["items"]
    return found


async def owner_with_one_of_everything(world: World) -> tuple[Phone, dict[str, str]]:
    """A phone, and by the name of each path parameter something of its own."""
    phone = await world.phone()
    workout = phone.train()
    exercise = str(uuid4())
    phone.log("ExerciseDefined", {"exercise_id": exercise, "name": "Zercher squat", "muscle_category": "quadriceps"})
    await phone.push()
    await phone.read_all("/workouts", after=len(phone.queue))
    asked = {"message": "I only have dumbbells at home. What next?"}
    chat = await phone.http.post(f"{COACH}/chat", json=asked, headers=phone.headers)
    assert chat.status_code == 200, chat.text
    return phone, {
        "device_id": phone.device_id,
        "session_id": str((await items(phone, "/api/v1/auth/sessions"))[0]["session_id"]),
        "workout_id": workout,
        "exercise_id": exercise,
        "entity": "workout",
        "entity_id": workout,
        "event_id": phone.queue[-1]["event_id"],
        "conversation_id": str((await items(phone, f"{COACH}/conversations"))[0]["conversation_id"]),
        "memory_id": str((await items(phone, f"{COACH}/memory"))[0]["memory_id"]),
        "week": f"{datetime.now(UTC) - timedelta(weeks=1):%G-W%V}",
    }


async def operations_with_ids(world: World) -> list[tuple[str, str]]:
    """Every method and path of the product whose path names somebody's thing."""
    paths: Json = (await world.http.get("/openapi.json")).json()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [(method, path) for method, path in found if set(re.findall(r"{(\w+)}", path)) - {"entity"}]


def filled(path: str, ids: Mapping[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda match: ids[match[1]], path)


async def test_whatever_is_anothers_is_not_found_on_any_path(world: World) -> None:
    # given somebody with one of everything, and a stranger
    owner, ids = await owner_with_one_of_everything(world)
    stranger = await world.phone()
    tried = [one for one in await operations_with_ids(world) if not any(name in one[1] for name in TRIED_ELSEWHERE)]
    # when the stranger asks for each, and then the owner reads each
    answers = {
        (method, path): await world.http.request(method, filled(path, ids), headers=stranger.headers)
        for method, path in tried
    }
    owners = {
        path: (await world.http.get(filled(path, ids), headers=owner.headers)).status_code
        for method, path in tried
        if method == "GET" and "{week}" not in path
    }
    # then the stranger finds nothing and has taken nothing away
    assert len(tried) >= 12
    assert {place: answer.status_code for place, answer in answers.items() if answer.status_code != 404} == {}
    assert {answer.json()["code"] for answer in answers.values()} == {"not_found"}
    assert {path: status for path, status in owners.items() if status != 200} == {}
    assert len(await items(owner, f"{COACH}/memory")) == 1
    assert (await owner.push()).status_code == 200


async def test_ids_in_queries_headers_and_bodies_open_nothing_either(world: World) -> None:
    owner, ids = await owner_with_one_of_everything(world)
    stranger = await world.phone()
    device, conversation = owner.device_id, ids["conversation_id"]

    async def ask(method: str, path: str, body: Json | None = None) -> tuple[int, str]:
        answer = await world.http.request(method, f"/api/v1{path}", json=body, headers=stranger.headers)
        return answer.status_code, answer.json()["code"]

    assert await ask("GET", f"/sync/hash?device_id={device}&from=1&to=9") == (404, "not_found")
    assert await ask("POST", "/sync", {"device_id": device, "events": []}) == (403, "wrong_device")
    assert await ask("POST", "/coach/chat", {"message": "hi", "conversation_id": conversation}) == (404, "not_found")
    assert await ask("POST", "/auth/devices", {"device_id": device}) == (409, "device_exists")
    undo = f"/history/{ids['event_id']}/undo?device_id={device}"
    assert await ask("POST", undo) == (404, "not_found")


async def test_an_event_about_anothers_workout_leaves_it_as_it_is(world: World) -> None:
    owner, ids = await owner_with_one_of_everything(world)
    stranger = await world.phone()
    stranger.log("WorkoutDiscarded", {"workout_id": ids["workout_id"]})
    assert (await stranger.push()).status_code == 200
    await stranger.read_all("/workouts", after=1)
    (workout,) = await owner.read_all("/workouts", after=len(owner.queue))
    assert workout["status"] == "completed"


async def test_nobody_makes_themselves_an_administrator(world: World) -> None:
    phone, email = await world.phone(), f"{uuid4().hex}@example.org"
    wished = {"roles": ["superadmin"], "role": "admin", "user_id": str(uuid4()), "email_verified": True}
    account = {"email": email, "password": "seven lazy barbells", **wished}
    registered = await world.http.post("/api/v1/auth/register", json=account, headers=phone.headers)
    assert registered.status_code == 201, registered.text
    assert registered.json()["user_id"] == phone.tokens["user_id"]
    phone.tokens = registered.json()
    changed = await world.http.patch("/api/v1/auth/me", json={"display_name": "K", **wished}, headers=phone.headers)
    assert (changed.json()["roles"], changed.json()["email_verified"]) == (["client"], False)
    audit = await world.http.get("/api/v1/auth/audit", headers=phone.headers)
    assert (audit.status_code, audit.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", ["/api/v1/workouts", "/api/v1/sync/events", f"{COACH}/conversations"])
async def test_pages_have_a_bound(world: World, path: str) -> None:
    phone = await world.phone()
    for limit in ("0", "501", "-1", "many"):
        answer = await world.http.get(path, params={"limit": limit}, headers=phone.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("path", ["/api/v1/auth/devices", f"{COACH}/chat", "/api/v1/sync"])
async def test_bodies_have_a_bound_in_every_service(world: World, path: str) -> None:
    phone = await world.phone()
    answer = await world.http.post(path, content=b'"' + b"x" * 2**21 + b'"', headers=phone.headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "path", ["/api/v1/workouts", "/api/v1/sync/hash", f"{COACH}/conversations", "/api/v1/auth/me", "/health", "/no"]
)
async def test_every_part_answers_with_security_headers_and_to_no_foreign_page(world: World, path: str) -> None:
    phone = await world.phone()
    answer = await world.http.get(path, headers=phone.headers | {"Origin": ELSEWHERE})
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_users_token_opens_nothing_internal(world: World) -> None:
    phone = await world.phone()
    paths = ("/internal/heads", "/internal/identity", "/internal/projector/positions", "/internal/coach/positions")
    answers: list[httpx2.Response] = await asyncio.gather(
        *(world.http.get(path, headers=phone.headers) for path in paths)
    )
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "forbidden")] * len(paths)


async def publish_garbage(bootstrap_servers: str) -> None:
    """Onto every partition that a service reads, under a header that is no text."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    await producer.start()
    try:
        for topic in (EVENTS, IDENTITY, EFFECTS, REPORTS):
            for partition in range(partitions()[topic]):
                for value in GARBAGE:
                    await producer.send(topic, value, b"\xff", partition, headers=[("correlation_id", b"\xff")])
        await producer.flush()
    finally:
        await producer.stop()


async def test_garbage_on_the_topics_stops_no_service(world: World) -> None:
    # given records on every topic that nobody can read
    await publish_garbage(world.stack.engines.kafka_bootstrap)
    # when people train, register and merge afterwards
    owner, phone = await world.phone(), await world.phone()
    workouts = {owner.train(), phone.train()}
    email = await register(owner)
    await owner.push()
    await phone.push()
    merge = await log_in(phone, email)
    # then every service says that it has applied the merge, and all is there
    await applied(owner, f"/merges/{merge['merge_id']}")
    for device in (owner, phone):
        await sees(device, workouts)
