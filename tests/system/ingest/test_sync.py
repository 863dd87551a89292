"""The door: every verdict, and what it leaves in the store."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.system.ingest.conftest import SERVICE, Ingest
from tests.system.ingest.phones import Phone, set_completed, sets

CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE devices%'
"""


async def stored(ingest: Ingest, phone: Phone) -> list[int]:
    rows = await ingest.tables.fetch(
        "SELECT sequence_number FROM events WHERE device_id = $1 ORDER BY 1", phone.device_id
    )
    return [row[0] for row in rows]


async def test_accepted_events_are_acknowledged_and_stored(ingest: Ingest, phone: Phone) -> None:
    answer = await phone.sync(sets(1, 3))

    assert answer["ack_cursor"] == {
        "device_id": str(phone.device_id),
        "last_acked_sequence": 3,
        "last_accepted_sequence": 3,
    }
    assert (answer["accepted_count"], answer["duplicate_count"], answer["rejected_count"]) == (3, 0, 0)
    assert await stored(ingest, phone) == [1, 2, 3]


async def test_an_empty_request_answers_the_cursor(phone: Phone) -> None:
    assert (await phone.sync([]))["ack_cursor"]["last_acked_sequence"] == 0
    await phone.sync(sets(1, 2))
    assert (await phone.sync([]))["ack_cursor"]["last_acked_sequence"] == 2


async def test_the_same_event_however_written_is_a_duplicate(phone: Phone) -> None:
    event = set_completed(1)
    await phone.sync([event])

    again = await phone.post_bytes(
        json.dumps({"events": [dict(reversed(event.items()))], "device_id": str(phone.device_id)}, indent=2).encode()
    )

    assert again.json()["duplicate_count"] == 1
    assert again.json()["rejected_count"] == 0


async def test_the_same_batch_in_parallel_is_stored_once(ingest: Ingest, phone: Phone) -> None:
    events = sets(1, 100)

    answers = await asyncio.gather(*(phone.sync(events) for _ in range(10)))

    assert sum(answer["accepted_count"] for answer in answers) == 100
    assert sum(answer["duplicate_count"] for answer in answers) == 900
    assert {answer["ack_cursor"]["last_acked_sequence"] for answer in answers} == {100}
    assert await stored(ingest, phone) == list(range(1, 101))
    assert await ingest.tables.fetchval("SELECT count(*) FROM outbox WHERE device_id = $1", phone.device_id) == 1


async def test_one_bad_event_of_a_hundred_is_quarantined(ingest: Ingest, phone: Phone) -> None:
    events = sets(1, 100)
    events[41]["payload"]["reps"] = "five"
    bad = events[41]

    answer = await phone.sync(events)

    assert answer["accepted_count"] == 99
    assert answer["rejected_event_ids"] == [bad["event_id"]]
    assert answer["errors"][0]["code"] == "invalid_payload"
    assert answer["errors"][0]["field"] == "payload.reps"
    assert answer["errors"][0]["retryable"] is False
    assert answer["ack_cursor"]["last_acked_sequence"] == 100
    raw = await ingest.tables.fetchval("SELECT raw FROM quarantined_events WHERE device_id = $1", phone.device_id)
    assert json.loads(raw) == bad
    assert (await phone.sync([bad]))["errors"] == answer["errors"]


async def test_quarantine_keeps_the_bytes_as_they_came(ingest: Ingest, phone: Phone) -> None:
    odd = f'{{ "event_id":"{uuid4()}" ,"sequence_number": 1, "payload":{{"a":1e2, "b":"\\ud800 \\u0000"}}}}'
    answer = await phone.post_bytes(f'{{"device_id":"{phone.device_id}", "events": [ {odd} ]}}'.encode())

    assert answer.json()["errors"][0]["code"] == "invalid_payload"
    raw = await ingest.tables.fetchval("SELECT raw FROM quarantined_events WHERE device_id = $1", phone.device_id)
    assert raw == odd.encode()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event_type": "SetLevitated"}, "unknown_event_type"),
        ({"event_type": "no such name!"}, "unknown_event_type"),
        ({"schema_version": 99}, "unknown_event_type"),
        ({"schema_version": 2**40}, "unknown_event_type"),
        ({"schema_version": "1"}, "invalid_payload"),
        ({"payload": []}, "invalid_payload"),
        ({"payload": {}}, "invalid_payload"),
        ({"colour": "blue"}, "invalid_payload"),
        ({"occurred_at": "2026-11-21T10:00:00"}, "invalid_payload"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "invalid_payload"),
        ({"correlation_id": "x"}, "invalid_payload"),
        ({"seen": {"x": 1}}, "invalid_payload"),
        ({"payload": {"name": "a\u0000b"}}, "invalid_payload"),
        ({"payload": {"a\u0000b": 1}}, "invalid_payload"),
        ({"a\u0000b": 1}, "invalid_payload"),
        ({"seen": {"a\u0000b": 1}}, "invalid_payload"),
        ({"correlation_id": "\u0000"}, "invalid_payload"),
        ({"schema_version": True}, "invalid_payload"),
        ({"occurred_at": "1732000000"}, "invalid_payload"),
    ],
)
async def test_what_is_wrong_in_one_event_is_its_verdict(phone: Phone, changes: dict[str, Any], code: str) -> None:
    answer = await phone.sync([set_completed(1, **changes), set_completed(2)])

    assert [error["code"] for error in answer["errors"]] == [code]
    assert answer["ack_cursor"]["last_acked_sequence"] == 2
    assert answer["ack_cursor"]["last_accepted_sequence"] == 2


@pytest.mark.parametrize("depth", [400, 50_000])
async def test_a_deeply_nested_payload_stops_nothing(phone: Phone, depth: int) -> None:
    events = [set_completed(1, payload={"deep": 0}), set_completed(2)]
    text = json.dumps({"device_id": str(phone.device_id), "events": events})
    body = text.replace('"deep": 0', f'"deep": {"[" * depth}{"]" * depth}').encode()

    first, again = [(await phone.post_bytes(body)).json() for _ in range(2)]

    assert [error["code"] for error in first["errors"]] == ["invalid_payload"]
    assert (first["accepted_count"], again["duplicate_count"]) == (1, 1)
    assert again["errors"] == first["errors"]
    assert again["ack_cursor"] == first["ack_cursor"]
    (kept,) = (await phone.get("/quarantine"))["items"]
    assert str(kept["event"]).count("[") == depth


async def test_a_gap_is_retryable_and_names_the_expected_number(phone: Phone) -> None:
    await phone.sync(sets(1, 2))
    answer = await phone.sync([set_completed(4), set_completed(3)])
    assert answer["accepted_count"] == 2

    missing = await phone.sync([set_completed(7)])

    assert missing["errors"][0]["code"] == "sequence_gap"
    assert missing["errors"][0]["retryable"] is True
    assert "5" in missing["errors"][0]["message"]
    assert missing["ack_cursor"]["last_acked_sequence"] == 4


async def test_what_is_sent_again_above_a_gap_is_no_gap_but_a_conflict(phone: Phone) -> None:
    sent = sets(1, 4)
    await phone.sync(sent)

    answer = await phone.sync([sent[2] | {"sequence_number": 8}])

    assert [(error["code"], error["retryable"]) for error in answer["errors"]] == [("sequence_conflict", False)]


async def test_a_declared_gap_is_closed(phone: Phone) -> None:
    answer = await phone.sync([*sets(1, 2), *sets(10, 11)], declared_gaps=[[3, 9], [20, 30]])

    assert answer["accepted_count"] == 4
    assert answer["ack_cursor"]["last_acked_sequence"] == 11
    conflict = await phone.sync([set_completed(5)])
    assert conflict["errors"][0]["code"] == "sequence_conflict"
    again = await phone.sync([], declared_gaps=[[3, 9]])
    assert again["ack_cursor"]["last_acked_sequence"] == 11


async def test_a_twin_is_told_and_changes_nothing(ingest: Ingest, phone: Phone) -> None:
    common = sets(1, 2)
    await phone.sync([*common, *sets(3, 4)])

    answer = await phone.sync([*common, *sets(3, 6)])

    assert answer["duplicate_count"] == 2
    assert [error["code"] for error in answer["errors"]] == ["sequence_conflict"] * 4
    assert not any(error["retryable"] for error in answer["errors"])
    assert answer["ack_cursor"]["last_acked_sequence"] == 4
    assert (await phone.sync(sets(5, 5)))["accepted_count"] == 1


async def test_an_event_id_of_another_number_is_a_conflict(phone: Phone) -> None:
    events = sets(1, 2)
    await phone.sync(events)

    answer = await phone.sync([events[0] | {"sequence_number": 3}])

    assert answer["errors"][0]["code"] == "sequence_conflict"


async def test_what_was_seen_is_cut_to_what_was_there(ingest: Ingest, phone: Phone) -> None:
    other = ingest.phone(user_id=phone.user_id)
    await other.sync(sets(1, 3))

    seen = {str(other.device_id): 9, str(uuid4()): 4, str(phone.device_id): 77}
    await phone.sync([set_completed(1, seen=seen), set_completed(2, seen=seen)])

    lines = (await ingest.internal("/internal/events", device_id=phone.device_id)).text.splitlines()
    first, second = (json.loads(line)["seen"] for line in lines)
    assert first == {str(other.device_id): 3}
    assert second == {str(other.device_id): 3, str(phone.device_id): 1}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"{", 400, "malformed_json", None),
        (b'{"device_id": NaN}', 400, "malformed_json", None),
        (b"\xff\xfe", 400, "malformed_json", None),
        (b"[]", 422, "invalid_request", "body"),
        (b'{"device_id": "DEVICE"}', 422, "invalid_request", "events"),
        (b'{"device_id": "DEVICE", "events": [], "more": 1}', 422, "invalid_request", "more"),
        (b'{"device_id": 5, "events": []}', 422, "invalid_request", "device_id"),
        (b'{"device_id": "DEVICE", "events": [7]}', 422, "invalid_request", "events[0]"),
        (
            b'{"device_id": "DEVICE", "events": [{"sequence_number": 1}]}',
            422,
            "invalid_request",
            "events[0].event_id",
        ),
        (
            b'{"device_id": "DEVICE", "events": [{"event_id": "DEVICE", "sequence_number": 9223372036854775808}]}',
            422,
            "invalid_request",
            "events[0].sequence_number",
        ),
        (
            b'{"device_id": "DEVICE", "events": [{"event_id": "DEVICE", "sequence_number": "1"}]}',
            422,
            "invalid_request",
            "events[0].sequence_number",
        ),
        (b'{"device_id": "DEVICE", "events": [], "declared_gaps": [[5, 4]]}', 422, "invalid_request", None),
        (b'{"device_id": "DEVICE", "events": [], "declared_gaps": [[1, 10001]]}', 422, "invalid_request", None),
    ],
)
async def test_a_fault_of_the_request_itself(
    phone: Phone, body: bytes, status: int, code: str, field: str | None
) -> None:
    response = await phone.post_bytes(body.replace(b"DEVICE", str(phone.device_id).encode()))

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert field is None or response.json()["field"] == field
    assert response.headers["content-type"] == "application/problem+json"


async def test_too_much_at_once(phone: Phone) -> None:
    assert (await phone.post(sets(1, 501))).json()["code"] == "too_large"
    assert (await phone.post_bytes(b"x" * (2 * 1024 * 1024))).status_code == 413


async def test_a_token_speaks_for_one_device_and_one_user(ingest: Ingest, phone: Phone) -> None:
    other = ingest.phone()
    wrong = await phone.post([], device_id=str(other.device_id))
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_device")
    stranger = await phone.post([], user_id=str(other.user_id))
    assert (stranger.status_code, stranger.json()["code"]) == (403, "wrong_user")
    merged = ingest.phone(also=(uuid4(),))
    assert (await merged.sync([], user_id=str(merged.also[0])))["server_epoch"]
    anonymous = await ingest.client.post("/api/v1/sync", json={})
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "not_authenticated")


async def test_a_stale_token_is_retryable(ingest: Ingest, phone: Phone) -> None:
    token = ingest.tokens.give(phone.user_id, phone.device_id, seconds=-1)
    response = await ingest.client.post("/api/v1/sync", json={}, headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()["code"]) == (401, "token_expired")


async def test_feeds_give_heads_ranges_and_everything(ingest: Ingest, phone: Phone) -> None:
    events = sets(1, 5)
    events[1]["payload"] = {}
    await phone.sync(events)

    heads = (await ingest.internal("/internal/heads", device_id=phone.device_id)).json()
    lines = (await ingest.internal("/internal/events", **{"device_id": phone.device_id, "from": 2, "to": 4})).text
    halves = [(await ingest.internal("/internal/snapshot", shard=f"{shard}/2")).text for shard in (0, 1)]

    assert heads["heads"][0]["last_accepted_sequence"] == 5
    assert heads["heads"][0]["count"] == 4
    found = [json.loads(line) for line in lines.splitlines()]
    assert [(one["sequence_number"], one["previous_sequence"]) for one in found] == [(3, 1), (4, 3)]
    assert {one["server_epoch"] for one in found} == {heads["server_epoch"]}
    everything = [json.loads(line) for half in halves for line in half.splitlines()]
    mine = [one["sequence_number"] for one in everything if one["device_id"] == str(phone.device_id)]
    assert mine == [1, 3, 4, 5]
    assert (await ingest.client.get("/internal/heads", headers=phone.headers)).status_code == 403
    assert SERVICE


async def test_a_batch_whose_commit_was_cut_off_is_stored_once(ingest: Ingest, phone: Phone) -> None:
    await phone.sync(sets(1, 1))
    batch = sets(2, 9)
    async with ingest.tables.transaction():
        await ingest.tables.execute("SELECT FROM devices WHERE device_id = $1 FOR UPDATE", phone.device_id)
        sending = asyncio.create_task(phone.post(batch))
        async with asyncio.timeout(30):
            while not await ingest.tables.fetch(CUT_OFF):
                await ingest.tables.execute("SELECT pg_stat_clear_snapshot()")
        cut_off = await sending

    assert (cut_off.status_code, cut_off.json()["code"]) == (503, "unavailable")
    assert await stored(ingest, phone) == [1]
    assert (await phone.sync(batch))["accepted_count"] == 8
    assert await stored(ingest, phone) == list(range(1, 10))
