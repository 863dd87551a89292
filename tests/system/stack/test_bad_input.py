"""Bad input is told what is wrong, changes nothing, and stops nobody."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.system.stack.world import Phone, World

GOOD_SET = {
    "set_id": str(uuid4()),
    "workout_id": str(uuid4()),
    "exercise_id": str(uuid4()),
    "completed_at": "2026-11-20T18:00:00Z",
    "reps": 5,
    "weight": 100,
}


async def raw_push(phone: Phone, body: str | bytes) -> tuple[int, str]:
    headers = phone.headers | {"Content-Type": "application/json"}
    answer = await phone.http.post("/api/v1/sync", content=body, headers=headers)
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    assert {"type", "title", "status", "detail", "code", "correlation_id"} <= answer.json().keys()
    return answer.status_code, answer.json()["code"]


async def cursor(phone: Phone) -> int:
    answer = (await phone.push([])).json()
    return int(answer["ack_cursor"]["last_acked_sequence"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{", (400, "malformed_json")),
        ("[]", (422, "invalid_request")),
        ("{}", (422, "invalid_request")),
        ('{"device_id": "DEVICE", "events": [{"event_id": 7, "sequence_number": 1}]}', (422, "invalid_request")),
        ('{"device_id": "DEVICE", "events": [{"event_id": "EVENT", "sequence_number": 0}]}', (422, "invalid_request")),
        (
            '{"device_id": "DEVICE", "events": [{"event_id": "EVENT", "sequence_number": 9223372036854775808}]}',
            (422, "invalid_request"),
        ),
        ('{"device_id": "DEVICE", "events": [], "surprise": 1}', (422, "invalid_request")),
        ('{"device_id": "OTHER", "events": []}', (403, "wrong_device")),
        ('{"device_id": "DEVICE", "user_id": "OTHER", "events": []}', (403, "wrong_user")),
        (b"x" * (2 * 1024 * 1024), (413, "too_large")),
    ],
)
async def test_a_faulty_request_is_a_problem_document_and_stores_nothing(
    world: World, body: str | bytes, expected: tuple[int, str]
) -> None:
    phone = await world.phone()
    if isinstance(body, str):
        body = body.replace("DEVICE", phone.device_id).replace("EVENT", str(uuid4())).replace("OTHER", str(uuid4()))
    assert await raw_push(phone, body) == expected
    assert await cursor(phone) == 0


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"payload": GOOD_SET | {"notes": "\x00"}}, "invalid_payload", "payload.notes"),
        ({"payload": GOOD_SET | {"reps": "five"}}, "invalid_payload", "payload.reps"),
        ({"payload": GOOD_SET | {"reps": 2**63}}, "invalid_payload", "payload.reps"),
        ({"payload": GOOD_SET | {"completed_at": "2026-11-20T18:00:00"}}, "invalid_payload", "payload.completed_at"),
        ({"payload": GOOD_SET | {"surprise": 1}}, "invalid_payload", "payload.surprise"),
        ({"payload": GOOD_SET | {"weight": 1.1234567}}, "invalid_payload", "payload.weight"),
        ({"occurred_at": "2026-11-20T18:00:00"}, "invalid_payload", "occurred_at"),
        ({"event_type": "SetLevitated"}, "unknown_event_type", "event_type"),
        ({"schema_version": 99}, "unknown_event_type", "event_type"),
    ],
)
async def test_one_bad_event_of_a_hundred_leaves_ninety_nine_accepted(
    world: World, change: dict[str, Any], code: str, field: str
) -> None:
    # given a batch of 100 sets of which one is bad
    phone = await world.phone()
    workout_id = phone.train(sets=98)
    phone.queue[50] |= change
    # when it is pushed
    answer = (await phone.push()).json()
    # then the other 99 are accepted, the cursor is past all, and the verdict names the place
    assert (answer["accepted_count"], answer["rejected_count"]) == (99, 1)
    assert answer["ack_cursor"] == {
        "device_id": phone.device_id,
        "last_acked_sequence": 100,
        "last_accepted_sequence": 100,
    }
    (error,) = answer["errors"]
    assert (error["code"], error["field"], error["retryable"]) == (code, field, False)
    assert answer["rejected_event_ids"] == [error["event_id"]] == [phone.queue[50]["event_id"]]
    (workout,) = await phone.read_all("/workouts", after=100)
    assert (workout["workout_id"], workout["set_count"]) == (workout_id, 97)


async def test_nan_is_no_json(world: World) -> None:
    phone = await world.phone()
    phone.train(sets=1)
    phone.queue[1]["payload"]["weight"] = float("nan")
    body = json.dumps({"device_id": phone.device_id, "events": phone.queue})
    assert await raw_push(phone, body) == (400, "malformed_json")
    assert await cursor(phone) == 0


async def test_tokens_that_are_missing_or_made_up_are_refused(world: World) -> None:
    phone = await world.phone()
    for headers, code in (({}, "not_authenticated"), ({"Authorization": "Bearer nonsense"}, "invalid_token")):
        body = {"device_id": phone.device_id, "events": []}
        answer = await world.http.post("/api/v1/sync", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert (await world.http.get("/api/v1/workouts", headers=headers)).status_code == 401


async def test_the_correlation_id_comes_back_and_a_missing_one_is_made(world: World) -> None:
    given = await world.http.get("/health", headers={"X-Correlation-ID": "from-the-phone"})
    made = await world.http.get("/api/v1/workouts")
    assert given.headers["X-Correlation-ID"] == "from-the-phone"
    assert made.headers["X-Correlation-ID"] == made.json()["correlation_id"] != ""
