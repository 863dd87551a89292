"""What was, who said it, and what takes it back: `as_of`, audit history and undo over real PostgreSQL."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.projector.store.batch import ProjectorStore
from shared.domains.exercises.catalogue import catalogue_id
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.values import format_moment
from shared.views.whole import rows_of
from tests.histories import START, History, Said, history, sent
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply
from tests.system.projector.phones import JSON, Reader, reader_of, trained


@pytest.fixture(scope="module")
async def lives(pool: "asyncpg.Pool[asyncpg.Record]", event_store: EventStore) -> list[History]:
    """Users whose sets were removed, restored, corrected and moved from workout to workout."""
    return [await trained(ProjectorStore(pool), event_store, seed, events=250) for seed in (9, 10, 19)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_as_of_is_the_fold_of_what_had_occurred(
    client: httpx2.AsyncClient, lives: list[History], data: st.DataObject
) -> None:
    person = data.draw(st.sampled_from(lives))
    moment = data.draw(st.sampled_from([event.occurred_at for event in person.received]))
    moment += timedelta(milliseconds=data.draw(st.sampled_from((-1, 0, 1))))
    past = rows_of(fold(one.recorded() for one in person.received if one.occurred_at <= moment))
    assume(past["workouts"])
    workout = data.draw(st.sampled_from(sorted(past["workouts"], key=lambda row: row.key)))

    got = await reader_of(client, person).get(f"/workouts/{workout.key[0]}", as_of=format_moment(moment))

    expected = {**workout.content(), "sets": [row.content() for row in _sets_of(past["sets"], workout)]}
    assert got == json.loads(json.dumps(expected))


async def test_a_set_that_was_moved_is_still_where_it_was_then(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    # given a workout that was read as it was, and whose id one of its sets spells in capitals
    person = history(22, events=60, devices=1)
    phone, last = reader_of(client, person), person.received[-1]
    workout_id = next(e.payload["workout_id"] for e in reversed(person.received) if e.event_type == "WorkoutStarted")

    def after(number: int, event_type: str, payload: JSON) -> AcceptedEvent:
        return last.model_copy(
            update={
                "event_id": uuid4(),
                "event_type": event_type,
                "schema_version": 1,
                "payload": payload,
                "seen": None,
                "sequence_number": last.sequence_number + number,
                "previous_sequence": last.sequence_number + number - 1,
                "occurred_at": last.occurred_at + timedelta(minutes=number),
            }
        )

    done = {"set_id": str(uuid4()), "workout_id": workout_id.upper(), "exercise_id": str(uuid4()), "reps": 5}
    completed = after(1, "SetCompleted", done | {"completed_at": format_moment(last.occurred_at)})
    await apply(store, [*person.received, completed])
    path, then = f"/workouts/{workout_id}", format_moment(completed.occurred_at)
    before = await phone.get(path, as_of=then)
    assert done["set_id"] in {one["set_id"] for one in before["sets"]}
    # when the set goes to another workout
    await apply(store, [after(2, "SetCorrected", {"set_id": done["set_id"], "workout_id": str(uuid4())})])
    # then the workout is without it today, and as it was then
    assert done["set_id"] not in {one["set_id"] for one in (await phone.get(path))["sets"]}
    assert await phone.get(path, as_of=then) == before


async def test_a_workout_that_had_not_begun_yet_is_not_there(client: httpx2.AsyncClient, lives: list[History]) -> None:
    begun = next(event for event in lives[0].received if event.event_type == "WorkoutStarted")
    before = format_moment(min(event.occurred_at for event in lives[0].received) - timedelta(seconds=1))

    await reader_of(client, lives[0]).get(f"/workouts/{begun.payload['workout_id']}", 404, as_of=before)


def _sets_of(sets: list[Any], workout: Any) -> list[Any]:
    mine = [row for row in sets if row.workout_id == workout.workout_id]
    return sorted(mine, key=lambda row: (row.completed_at, row.set_id))


async def test_undo_is_written_by_the_server_and_can_be_undone(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 11)
    phone = reader_of(client, person)
    before = await phone.all_items("/workouts")
    workout_id = next(workout["workout_id"] for workout in before if workout["set_count"])
    done = (await phone.get(f"/workouts/{workout_id}"))["sets"]
    trail = (await phone.get(f"/history/{done[0]['set_id']}"))["items"]
    created = next(item for item in trail if item["event_type"] == "SetCompleted")

    async def undo(event_id: str) -> JSON:
        answer = await client.post(f"/api/v1/history/{event_id}/undo", headers=phone.headers)
        assert answer.status_code == 201, answer.text
        written: JSON = answer.json()
        await apply(store, [event_store.events[UUID(written["device_id"])][-1]])
        return written

    first = await undo(created["event_id"])
    after = (await phone.get(f"/workouts/{workout_id}"))["sets"]
    assert {one["set_id"] for one in done} - {one["set_id"] for one in after} == {done[0]["set_id"]}

    await undo(first["event_id"])
    assert await phone.all_items("/workouts") == before
    again = await client.post(f"/api/v1/history/{first['event_id']}/undo", headers=phone.headers)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_undo")


async def test_what_was_acknowledged_a_moment_ago_can_be_taken_back(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    # given an event that the event store has, and the read models have not yet
    started = {"workout_id": str(uuid4()), "started_at": format_moment(START)}
    events = sent(uuid4(), uuid4(), [("WorkoutStarted", started)])
    event_store.accept(events)
    phone = Reader(client, events[0].user_id, events[0].device_id)

    # when it is taken back at once
    asked = asyncio.create_task(client.post(f"/api/v1/history/{events[0].event_id}/undo", headers=phone.headers))
    await asyncio.sleep(0.05)
    await apply(store, events)

    # then that waits until it is applied; what nobody ever said is not found, and not waited for
    assert (await asked).status_code == 201
    assert (await client.post(f"/api/v1/history/{uuid4()}/undo", headers=phone.headers)).status_code == 404


async def test_a_workout_that_is_taken_back_with_its_sets_is_in_no_conflict(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    # given a workout with sets that came after its beginning
    workout = {"workout_id": str(uuid4())}
    done = {"exercise_id": str(catalogue_id("squat-barbell")), "completed_at": format_moment(START), "reps": 5}
    sets: list[Said] = [("SetCompleted", {**workout, **done, "set_id": str(uuid4())}) for _ in range(3)]
    events = sent(uuid4(), uuid4(), [("WorkoutStarted", {**workout, "started_at": format_moment(START)}), *sets])
    event_store.accept(events)
    await apply(store, events)
    phone = Reader(client, events[0].user_id, events[0].device_id)
    # when its beginning is taken back
    answer = await client.post(f"/api/v1/history/{events[0].event_id}/undo", headers=phone.headers)
    await apply(store, [event_store.events[UUID(answer.json()["device_id"])][-1]])
    # then it is discarded, and nobody is asked
    assert [one["status"] for one in await phone.all_items("/workouts")] == ["discarded"]
    assert await phone.all_items("/conflicts") == []


async def test_an_undo_that_is_asked_for_twice_is_written_once(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    # given a set, and an undo that is asked for again before the first one is applied
    person = await trained(store, event_store, 25)
    phone = reader_of(client, person)
    before = await phone.all_items("/workouts")
    created = next(event for event in person.received if event.event_type == "SetCompleted")
    path, named = f"/api/v1/history/{created.event_id}/undo", {"device_id": str(created.device_id)}
    answers = [await client.post(path, params=named, headers=phone.headers) for _ in range(3)]
    # then it is one undo
    assert [answer.status_code for answer in answers] == [201] * 3
    written = answers[0].json()
    assert [answer.json() for answer in answers] == [written] * 3
    # and taking it back brings everything back
    server = event_store.events[UUID(written["device_id"])]
    await apply(store, server)
    assert (await client.post(path, params=named, headers=phone.headers)).status_code == 409
    redone = await client.post(f"/api/v1/history/{written['event_id']}/undo", headers=phone.headers)
    assert redone.status_code == 201
    await apply(store, server[1:])
    assert await phone.all_items("/workouts") == before


@pytest.mark.parametrize(("answered", "status", "code"), [(410, 410, "user_erased"), (503, 503, "unavailable")])
async def test_what_the_event_store_says_of_an_undo_is_passed_on(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore, answered: int, status: int, code: str
) -> None:
    person = await trained(store, event_store, 24, events=20)
    phone, event = reader_of(client, person), person.received[0]

    event_store.refusal = answered
    answer = await client.post(
        f"/api/v1/history/{event.event_id}/undo", params={"device_id": str(event.device_id)}, headers=phone.headers
    )
    event_store.refusal = None

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_history_says_who_changed_what(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 12)
    phone = reader_of(client, person)
    corrected = next(e for e in person.received if e.event_type == "SetCorrected" and "reps" in e.payload)

    trail = await phone.all_items(f"/history/{corrected.payload['set_id']}", limit=1)
    mine = next(item for item in trail if item["event_id"] == str(corrected.event_id))

    assert mine["device_id"] == str(corrected.device_id)
    assert mine["sequence_number"] == corrected.sequence_number
    assert set(mine["changes"]) == {"reps"}
    assert mine["occurred_at"] == format_moment(corrected.occurred_at)
