"""What the server writes itself: undo and release as the server's device, republishing, epochs, export."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from services.ingest import operations as service_operations
from services.ingest import reading
from services.ingest.api import operations
from shared.registry import Registry, registry
from tests.system.ingest.conftest import SERVICE, Ingest
from tests.system.ingest.phones import Phone, set_completed, sets

JSON = dict[str, Any]


async def post(ingest: Ingest, path: str, status: int, body: JSON | None = None) -> JSON:
    response = await ingest.client.post(f"/internal/ingest{path}", json=body, headers=SERVICE)
    assert response.status_code == status, response.text
    answer: JSON = response.json()
    return answer


async def lines(ingest: Ingest, device_id: str) -> list[JSON]:
    return [json.loads(line) for line in (await ingest.internal("/internal/events", device_id=device_id)).text.split()]


def removal(user_id: UUID, **further: Any) -> JSON:
    return {"user_id": str(user_id), "event_type": "SetRemoved", "payload": {"set_id": str(uuid4())}} | further


async def test_the_server_writes_as_the_users_server_device(ingest: Ingest, phone: Phone) -> None:
    await phone.sync(sets(1, 3))
    epoch = (await phone.sync([]))["server_epoch"]

    seen = {str(phone.device_id): 2}
    written = [await post(ingest, "/server-events", 201, removal(phone.user_id, seen=seen)) for _ in range(2)]

    device = str(uuid5(phone.user_id, f"server:{epoch}"))
    assert [(one["device_id"], one["sequence_number"]) for one in written] == [(device, 1), (device, 2)]
    stored = await lines(ingest, device)
    assert [one["event_id"] for one in stored] == [one["event_id"] for one in written]
    assert stored[1]["seen"] == seen
    assert stored[1]["previous_sequence"] == 1
    assert "origin" not in stored[0]
    assert len((await phone.get("/events"))["events"]) == 5


async def test_a_server_event_may_stand_for_another(ingest: Ingest, phone: Phone) -> None:
    origin = {"device_id": str(phone.device_id), "sequence_number": 7}

    written = await post(ingest, "/server-events", 201, removal(phone.user_id, origin=origin))

    assert (await lines(ingest, written["device_id"]))[0]["origin"] == origin


async def test_parallel_writes_of_the_server_get_numbers_of_their_own(ingest: Ingest, phone: Phone) -> None:
    bodies = [removal(phone.user_id) for _ in range(8)]
    written = await asyncio.gather(*(post(ingest, "/server-events", 201, body) for body in bodies))
    assert sorted(one["sequence_number"] for one in written) == list(range(1, 9))


async def test_what_is_said_again_under_its_id_is_written_once(ingest: Ingest, phone: Phone) -> None:
    body = removal(phone.user_id, event_id=str(uuid4()))

    written = await asyncio.gather(*(post(ingest, "/server-events", 201, body) for _ in range(4)))
    written.append(await post(ingest, "/server-events", 201, body))

    assert written == [written[0]] * 5
    assert [one["event_id"] for one in await lines(ingest, written[0]["device_id"])] == [body["event_id"]]


async def test_what_could_not_be_accepted_is_not_written(ingest: Ingest, phone: Phone) -> None:
    answer = await post(ingest, "/server-events", 422, removal(phone.user_id, payload={}))
    assert answer["field"] == "payload.set_id"


async def test_nobody_syncs_as_the_servers_device(ingest: Ingest, phone: Phone) -> None:
    written = await post(ingest, "/server-events", 201, removal(phone.user_id))
    thief = ingest.phone(user_id=phone.user_id, device_id=UUID(written["device_id"]))
    assert (await thief.post(sets(2, 2))).json()["code"] == "wrong_device"


@pytest.fixture
def without_corrections(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A server of an older version, which has not heard of `SetCorrected`."""
    known = registry()

    class Older(Registry):
        @property
        def events(self) -> Any:
            return {name: event for name, event in known.events.items() if name != "SetCorrected"}

    monkeypatch.setattr(reading, "registry", lambda: Older(known.domains))
    return monkeypatch


async def test_quarantine_is_released_after_an_upgrade(
    ingest: Ingest, phone: Phone, without_corrections: pytest.MonkeyPatch
) -> None:
    correction = set_completed(2, event_type="SetCorrected", payload={"set_id": str(uuid4()), "reps": 6})
    correction["seen"] = {str(phone.device_id): 9}
    hopeless = set_completed(3, event_type="Unheard")
    answer = await phone.sync([set_completed(1), correction, hopeless, set_completed(4)])
    assert answer["rejected_count"] == 2
    without_corrections.undo()

    first = await post(ingest, "/quarantine/release", 200)
    second = await post(ingest, "/quarantine/release", 200)

    assert first["released"] == 1
    assert second["released"] == 0
    assert second["kept"] == first["kept"] >= 1
    device = str(uuid5(phone.user_id, f"server:{answer['server_epoch']}"))
    (released,) = await lines(ingest, device)
    assert released["origin"] == {"device_id": str(phone.device_id), "sequence_number": 2}
    assert released["event_id"] != correction["event_id"]
    assert released["occurred_at"] == correction["occurred_at"]
    assert released["payload"] == correction["payload"]
    assert released["seen"] == {str(phone.device_id): 1}
    assert (await phone.sync([correction]))["errors"] == answer["errors"][:1]
    listed = (await phone.get("/quarantine"))["items"]
    assert [item["released_at"] is not None for item in listed] == [True, False]
    everyones = (await ingest.internal("/internal/ingest/quarantine", user_id=phone.user_id)).json()["items"]
    assert everyones == listed


async def test_a_long_quarantine_is_released_piece_by_piece_and_in_order(
    ingest: Ingest, phone: Phone, without_corrections: pytest.MonkeyPatch
) -> None:
    # given many refused events, some of which no version knows
    unheard = {3, 4, 9}
    sent = [
        set_completed(
            number,
            event_type="Unheard" if number in unheard else "SetCorrected",
            payload={"set_id": str(uuid4()), "reps": 6},
        )
        for number in range(1, 12)
    ]
    answer = await phone.sync(sent)
    assert answer["rejected_count"] == 11
    without_corrections.undo()

    # when they are read a few at a time
    without_corrections.setattr(service_operations, "AT_ONCE", 2)
    done = await post(ingest, "/quarantine/release", 200)

    # then all that are known now are there
    assert done["released"] == 8
    released = await lines(ingest, str(uuid5(phone.user_id, f"server:{answer['server_epoch']}")))
    assert [one["origin"]["sequence_number"] for one in released] == [1, 2, 5, 6, 7, 8, 10, 11]


@pytest.mark.parametrize("said", [{"occurred_at": None}, {}])
async def test_what_did_not_say_when_occurred_when_it_was_refused(
    ingest: Ingest, phone: Phone, without_corrections: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    correction = set_completed(1, event_type="SetCorrected", payload={"set_id": str(uuid4()), "reps": 6})
    del correction["occurred_at"]
    answer = await phone.sync([correction | said])
    received_at = (await phone.get("/quarantine"))["items"][0]["received_at"]
    without_corrections.undo()
    await asyncio.sleep(0.01)

    await post(ingest, "/quarantine/release", 200)

    (released,) = await lines(ingest, str(uuid5(phone.user_id, f"server:{answer['server_epoch']}")))
    assert released["occurred_at"] == received_at


async def test_who_saw_a_released_event_has_seen_it(
    ingest: Ingest, phone: Phone, without_corrections: pytest.MonkeyPatch
) -> None:
    correction = set_completed(2, event_type="SetCorrected", payload={"set_id": str(uuid4()), "reps": 6})
    await phone.sync([set_completed(1), correction])
    before, after = ingest.phone(user_id=phone.user_id), ingest.phone(user_id=phone.user_id)
    await before.sync([set_completed(1, seen={str(phone.device_id): 9})])
    without_corrections.undo()
    await post(ingest, "/quarantine/release", 200)

    await after.sync([set_completed(1, seen={str(phone.device_id): 9})])

    assert (await lines(ingest, str(before.device_id)))[0]["seen"] == {str(phone.device_id): 1}
    assert (await lines(ingest, str(after.device_id)))[0]["seen"] == {str(phone.device_id): 2}


async def test_large_events_are_published_again_in_batches_no_larger_than_requests(
    ingest: Ingest, phone: Phone
) -> None:
    sent = sets(1, 240)
    for event in sent:
        event["payload"]["notes"] = "x" * 10_000
    for start in range(0, len(sent), 80):
        await phone.sync(sent[start : start + 80])
    await ingest.tables.execute("DELETE FROM outbox")

    await post(ingest, "/republish", 202)

    rows = await ingest.tables.fetch("SELECT first, last FROM outbox WHERE device_id = $1 ORDER BY id", phone.device_id)
    ranges = [range(row["first"], row["last"] + 1) for row in rows]
    assert [number for one in ranges for number in one] == list(range(1, 241))
    assert len(ranges) == 3


async def test_everything_is_published_again_in_order(ingest: Ingest, phone: Phone) -> None:
    await phone.sync([*sets(1, 300)])
    await phone.sync([*sets(10_000, 10_299)], declared_gaps=[[301, 9_999]])
    await ingest.tables.execute("DELETE FROM outbox")

    answer = await post(ingest, "/republish", 202)

    rows = await ingest.tables.fetch(
        "SELECT first, last, slot FROM outbox WHERE device_id = $1 ORDER BY id", phone.device_id
    )
    assert [(row["first"], row["last"]) for row in rows] == [(1, 10_199), (10_200, 10_299)]
    assert {row["slot"] for row in rows} == {phone.device_id.int % 1024}
    assert (await ingest.internal("/internal/ingest/backlog")).json()["batches"] == answer["batches"]


async def test_an_epoch_keeps_heads_and_publishes_under_its_name(ingest: Ingest, phone: Phone) -> None:
    before = (await phone.sync(sets(1, 3)))["server_epoch"]

    begun = await post(ingest, "/epoch", 201)

    assert begun["server_epoch"] != before
    assert (await phone.sync([]))["server_epoch"] == begun["server_epoch"]
    assert {line["server_epoch"] for line in await lines(ingest, str(phone.device_id))} == {begun["server_epoch"]}
    head = await ingest.tables.fetchval(
        "SELECT last_accepted FROM epoch_heads JOIN server_epochs ON number = epoch_number"
        " WHERE epoch = $1 AND device_id = $2",
        UUID(begun["server_epoch"]),
        phone.device_id,
    )
    assert head == 3


async def test_export_of_everything_of_a_user(ingest: Ingest, phone: Phone) -> None:
    await phone.sync(sets(1, 3))
    exported = (await ingest.internal("/internal/ingest/export", user_id=phone.user_id)).text
    assert [json.loads(line)["sequence_number"] for line in exported.splitlines()] == [1, 2, 3]


async def test_refused_events_are_exported_too_however_many_there_are(
    ingest: Ingest, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PAGE", 2)
    unheard = [set_completed(number, event_type="Unheard") for number in range(1, 6)]
    await phone.sync([*unheard, set_completed(6)])

    exported = (await ingest.internal("/internal/ingest/quarantine/export", user_id=phone.user_id)).text

    refused = [json.loads(line) for line in exported.splitlines()]
    assert [(one["sequence_number"], one["code"]) for one in refused] == [
        (n, "unknown_event_type") for n in range(1, 6)
    ]
    assert [one["event"] for one in refused] == unheard
