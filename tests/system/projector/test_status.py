"""What proves the read models: their status for users, positions, digests and dead letters for operators."""

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.projector.store import loading
from services.projector.store.batch import ProjectorStore
from shared.fold import fold
from shared.http import encode_cursor
from shared.postgres import connect
from shared.views.whole import content_digest_of
from tests.histories import history, sent
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply
from tests.system.projector.phones import Reader, reader_of, trained


async def test_status_proves_what_is_applied(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 13)
    phone = reader_of(client, person)

    status = await phone.get("/projections/status")

    assert status["content_digest"] == content_digest_of(fold(e.recorded() for e in person.received)).hash
    assert (status["events"], status["parked"], status["lag_events"], status["lag_seconds"]) == (300, 0, 0, 0)
    assert {d["device_id"]: d["applied"] for d in status["devices"]} == {
        str(device): chain[-1].sequence_number for device, chain in person.devices.items()
    }


async def test_a_parked_event_marks_its_entity_until_it_is_settled(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = history(14, events=60, devices=1)
    workout_id = next(e.payload["workout_id"] for e in person.received if e.event_type == "WorkoutStarted")
    last = person.received[-1]
    unknown = last.model_copy(
        update={
            "event_id": uuid4(),
            "event_type": "WorkoutSungTo",
            "payload": {"workout_id": workout_id},
            "sequence_number": last.sequence_number + 1,
            "previous_sequence": last.sequence_number,
        }
    )
    await apply(store, [*person.received, unknown])
    phone = Reader(client, person.user_id, last.device_id)

    assert (await phone.get(f"/workouts/{workout_id}"))["degraded"] is True
    assert (await phone.get("/projections/status"))["parked"] == 1

    place = f"/internal/projector/dead-letters/{unknown.device_id}/{unknown.sequence_number}"
    headers = {"Authorization": "Bearer secret"}
    listed = (await client.get("/internal/projector/dead-letters", headers=headers)).json()["items"]
    assert [(item["event_id"], "WorkoutSungTo" in item["reason"]) for item in listed] == [(str(unknown.event_id), True)]
    assert (await client.post(f"{place}/retry", headers=headers)).json() == {"state": "parked"}
    assert (await client.post(f"{place}/discard", headers=headers)).json() == {"state": "discarded"}
    assert (await phone.get(f"/workouts/{workout_id}"))["degraded"] is False


@pytest.mark.parametrize(("number", "status"), [("1", 404), ("0", 422), ("9" * 20, 422)])
async def test_a_place_where_nothing_is_parked_is_named_and_changes_nothing(
    client: httpx2.AsyncClient, number: str, status: int
) -> None:
    headers = {"Authorization": "Bearer secret"}

    answer = await client.post(f"/internal/projector/dead-letters/{uuid4()}/{number}/discard", headers=headers)

    assert answer.status_code == status


async def test_an_event_that_was_given_up_stays_so_when_its_device_is_folded_again(
    client: httpx2.AsyncClient, store: ProjectorStore
) -> None:
    # given an event of an unknown type, which somebody has given up
    person = history(16, events=40, devices=1)
    last = person.received[-1]
    place = {"sequence_number": last.sequence_number + 1, "previous_sequence": last.sequence_number}
    unknown = last.model_copy(update={"event_id": uuid4(), "event_type": "WorkoutSungTo", **place})
    await apply(store, [*person.received, unknown])
    headers = {"Authorization": "Bearer secret"}
    letters = "/internal/projector/dead-letters"
    await client.post(f"{letters}/{unknown.device_id}/{unknown.sequence_number}/discard", headers=headers)
    # when the device is forgotten and folded again
    await store.forget({unknown.device_id})
    await apply(store, [*person.received, unknown])
    # then it is given up still, but not what comes in its place
    params = {"user_id": str(person.user_id)}
    (listed,) = (await client.get(letters, params=params, headers=headers)).json()["items"]
    assert (listed["event_id"], listed["state"]) == (str(unknown.event_id), "discarded")
    other = unknown.model_copy(update={"event_id": uuid4()})
    await store.forget({unknown.device_id})
    await apply(store, [*person.received, other])
    (listed,) = (await client.get(letters, params=params, headers=headers)).json()["items"]
    assert (listed["event_id"], listed["state"]) == (str(other.event_id), "parked")


async def test_operators_see_positions_digests_and_rows(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 15)
    headers = {"Authorization": "Bearer secret"}

    async def ask(path: str, **params: Any) -> httpx2.Response:
        return await client.get(f"/internal/projector{path}", params=params, headers=headers)

    digest = (await ask("/content-digest", user_id=str(person.user_id))).json()
    assert digest["hash"] == content_digest_of(fold(e.recorded() for e in person.received)).hash
    lines = (await ask("/export", user_id=str(person.user_id))).text.splitlines()
    assert len(lines) == digest["count"]
    assert {json.loads(line)["view"] for line in lines} >= {"workouts", "sets", "records"}
    positions = (await ask("/positions", limit=10_000)).json()["items"]
    assert {str(device) for device in person.devices} <= {item["device_id"] for item in positions}
    assert (await client.get("/internal/projector/positions")).status_code == 401


async def test_operators_see_a_rebuild_that_another_process_is_at(client: httpx2.AsyncClient, url: str) -> None:
    headers, path = {"Authorization": "Bearer secret"}, "/internal/projector/rebuild"
    elsewhere = await connect(url)
    assert await loading.lock_rebuilding(elsewhere)
    during = (await client.get(path, headers=headers)).json()
    refused = await client.post(path, headers=headers, json={})
    await elsewhere.close()

    assert (during["running"], during["succeeded"]) == (True, None)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert not (await client.get(path, headers=headers)).json()["running"]


async def test_a_cursor_of_another_list_is_refused(client: httpx2.AsyncClient) -> None:
    headers = {"Authorization": "Bearer secret"}
    for path, cursor in (("positions", encode_cursor([1, 2])), ("dead-letters", encode_cursor("x"))):
        answer = await client.get(f"/internal/projector/{path}", params={"cursor": cursor}, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


async def test_the_lag_counts_events_of_phones_that_were_never_heard_of_too(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    # given a phone with one of its two events applied, whose numbers are far apart, and one with nothing applied
    user = uuid4()
    first, second = (
        sent(user, uuid4(), [("ProfileUpdated", {"sex": "male"}), ("ProfileUpdated", {"sex": "female"})]) for _ in "12"
    )
    far = first[1].model_copy(update={"sequence_number": 100})
    event_store.accept([first[0], far, *second])
    await apply(store, first[:1])

    status = await Reader(client, user, first[0].device_id).get("/projections/status")

    assert status["lag_events"] == 3
    assert status["lag_seconds"] > 0
