"""The read API over real PostgreSQL: whose rows, how fresh, in pages; undo, audit, time travel, degraded entities."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.projector.store import identity, loading
from services.projector.store.batch import ProjectorStore
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.postgres import connect, create_pool
from shared.values import format_moment
from shared.views.exercises import ExerciseRow, Exercises
from shared.views.progress import progress
from shared.views.sets import SetRow
from shared.views.whole import content_digest_of, rows_of
from tests.histories import History, history
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply
from tests.system.projector.phones import JSON, Reader, api

FAR_OFF = "2100-01-01T00:00:00Z"


@pytest.fixture(scope="module")
async def client(url: str, event_store: EventStore) -> AsyncIterator[httpx2.AsyncClient]:
    async with api(url, event_store) as opened:
        yield opened


async def trained(store: ProjectorStore, event_store: EventStore, seed: int, events: int = 300) -> History:
    """A user whose events are stored and projected."""
    person = history(seed, events=events)
    event_store.accept(person.received)
    await apply(store, person.received)
    return person


def undegraded(workout: JSON) -> JSON:
    """A workout without what is known of it only today."""
    del workout["degraded"]
    for done in workout["sets"]:
        del done["degraded"]
    return workout


def reader_of(client: httpx2.AsyncClient, person: History) -> Reader:
    return Reader(client, person.user_id, next(iter(person.devices)))


async def test_lists_hold_what_the_fold_says_page_by_page(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 1)
    phone = reader_of(client, person)
    expected = rows_of(fold(event.recorded() for event in person.received))

    for path, view, identity_field in (
        ("/workouts", "workouts", "workout_id"),
        ("/measurements", "measurements", "measurement_id"),
        ("/templates", "templates", "template_id"),
        ("/metrics/weekly", "weekly", "week"),
        ("/conflicts", "conflicts", "entity_id"),
        ("/records", "records", "set_id"),
    ):
        items = await phone.all_items(path, limit=3)
        assert sorted(item[identity_field] for item in items) == sorted(
            str(getattr(row, identity_field)) for row in expected[view]
        ), path


async def test_workouts_come_newest_first_filtered_and_with_their_sets(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    phone = reader_of(client, await trained(store, event_store, 2))

    workouts = await phone.all_items("/workouts", limit=2)
    starts = [workout["started_at"] for workout in workouts]
    assert starts == sorted(starts, reverse=True)

    completed = await phone.all_items("/workouts", status="completed")
    assert completed == [workout for workout in workouts if workout["status"] == "completed"]
    bounded = await phone.all_items("/workouts", **{"from": starts[3], "to": starts[1]})
    assert [workout["started_at"] for workout in bounded] == starts[1:4]
    for workout in workouts[:5]:
        one = await phone.get(f"/workouts/{workout['workout_id']}")
        assert len(one["sets"]) == workout["set_count"]
        times = [done["completed_at"] for done in one["sets"]]
        assert times == sorted(times)


async def test_bad_parameters_are_named(client: httpx2.AsyncClient) -> None:
    phone = Reader(client, uuid4(), uuid4())

    for path, params in (
        ("/workouts", {"cursor": "nonsense"}),
        ("/workouts", {"from": "2026-01-01T10:00:00"}),
        ("/workouts", {"limit": 501}),
        ("/metrics/weekly", {"to": "soon"}),
        ("/workouts/not-an-id", {}),
        (f"/workouts/{uuid4()}", {"as_of": "0001-01-01T00:00:00+14:00"}),
        ("/conflicts", {"entity": "a\x00b"}),
    ):
        problem = await phone.get(path, 422, **params)
        assert problem["code"] == "invalid_request"
    assert (await phone.get("/workouts", 422, {"X-Read-After": "x"}))["field"] == "X-Read-After"


async def test_a_cursor_belongs_to_its_list(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    phone = reader_of(client, await trained(store, event_store, 20))
    cursor = (await phone.get("/workouts", limit=1))["next_cursor"]

    assert (await phone.get("/metrics/weekly", 422, cursor=cursor))["field"] == "cursor"
    assert (await phone.get("/exercises", 422, cursor=cursor))["field"] == "cursor"


async def test_nobody_reads_what_is_anothers(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 3)
    mine, stranger = reader_of(client, person), Reader(client, uuid4(), uuid4())
    workout_id = (await mine.get("/workouts"))["items"][0]["workout_id"]
    custom = next(e.payload["exercise_id"] for e in person.received if e.event_type == "ExerciseDefined")

    for path in (
        f"/workouts/{workout_id}",
        f"/workouts/{workout_id}?as_of=2030-01-01T00:00:00Z",
        f"/history/{workout_id}",
        f"/exercises/{custom}/history",
        f"/exercises/{custom}/progress",
    ):
        assert (await stranger.get(path, 404))["code"] == "not_found"
    for path in ("/workouts", "/measurements", "/records", "/metrics/weekly", "/templates", "/conflicts"):
        assert (await stranger.get(path))["items"] == []
    undone = await client.post(f"/api/v1/history/{person.received[0].event_id}/undo", headers=stranger.headers)
    assert (undone.status_code, undone.json()["code"]) == (404, "not_found")


async def test_a_query_that_forgot_its_filter_meets_the_second_wall(
    url: str, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 4)
    pool = await create_pool(url, role="projector_api")
    async with pool.acquire() as connection, connection.transaction():
        live = await connection.fetchval("SELECT name FROM live_generation")
        unfiltered = f"SELECT DISTINCT user_id FROM {live}.sets_projection"

        assert await connection.fetch(unfiltered) == []
        await connection.execute("SELECT set_config('app.user_id', $1, true)", str(person.user_id))
        assert [row[0] for row in await connection.fetch(unfiltered)] == [person.user_id]
        for statement in (f"DELETE FROM {live}.sets_projection", "SELECT * FROM aliases", "SELECT * FROM users"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(statement)
    async with pool.acquire() as connection:
        assert await connection.fetch(f"SELECT FROM {live}.history") == []
    await pool.close()


async def test_what_has_not_changed_is_not_sent_again(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 5, events=50)
    phone = reader_of(client, person)
    tag = (await phone.response("/workouts")).headers["ETag"]

    again = await phone.response("/workouts", 304, {"If-None-Match": tag})
    assert again.headers["ETag"] == tag
    more = history(500, events=5, user_id=person.user_id)
    await apply(store, more.received)
    await phone.response("/workouts", 200, {"If-None-Match": tag})


async def test_a_read_waits_for_the_callers_own_writes(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = history(6, events=40, devices=1)
    device, last = person.received[0].device_id, person.received[-1].sequence_number
    phone = Reader(client, person.user_id, device)

    stale = await phone.response("/workouts", 200, {"X-Read-After": f"{device}:{last}"})
    assert stale.headers["X-Stale"] == "true"
    assert "X-Stale" not in (await phone.response("/workouts", 200, {"X-Read-After": f"{device}:0"})).headers

    # a thing that is not there may only not be there yet
    for path in ("/workouts", "/history"):
        missing = await phone.response(f"{path}/{uuid4()}", 404, {"X-Read-After": f"{device}:{last}"})
        assert missing.headers["X-Stale"] == "true"
        assert "X-Stale" not in (await phone.response(f"{path}/{uuid4()}", 404)).headers

    waiting = asyncio.create_task(phone.response("/workouts", 200, {"X-Read-After": f"{device}:{last}"}))
    await asyncio.sleep(0.05)
    await apply(store, person.received)
    fresh = await waiting
    assert "X-Stale" not in fresh.headers
    assert fresh.json()["items"]

    stranger = Reader(client, uuid4(), uuid4())
    assert (await stranger.get("/workouts", 403, {"X-Read-After": f"{device}:1"}))["code"] == "wrong_device"


async def test_a_merged_callers_old_token_reads_the_account(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    account, anonymous = await trained(store, event_store, 7), await trained(store, event_store, 8)
    old, new = reader_of(client, anonymous), reader_of(client, account)
    own = (await new.get("/workouts"))["items"][0]["workout_id"]
    await new.get(f"/workouts/{own}", as_of=FAR_OFF)
    async with store.transaction() as connection:
        await identity.merge(connection, anonymous.user_id, account.user_id)

    workouts = await old.all_items("/workouts")
    assert workouts == await new.all_items("/workouts")
    for workout in workouts:
        path = f"/workouts/{workout['workout_id']}"
        assert await new.get(path, as_of=FAR_OFF) == undegraded(await new.get(path))


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


async def test_exercises_are_found_and_their_history_follows_merges(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 16)
    phone = reader_of(client, person)

    found = await phone.all_items("/exercises", q="incline bench-press barbell")
    assert "Incline Bench Press (Barbell)" in {item["name"] for item in found}
    chest = await phone.all_items("/exercises", muscle_category="chest", limit=500)
    assert {item["muscle_category"] for item in chest} == {"chest"}
    records = await phone.all_items("/records", kind="load")
    exercise_id = records[0]["exercise_id"]
    sets = await phone.all_items(f"/exercises/{exercise_id}/history", limit=2)
    assert (
        max(one["load_kg"] or 0 for one in sets if one["set_type"] not in ("warmup", "partial")) >= records[0]["value"]
    )


async def test_progress_is_that_of_the_fold_under_each_of_an_exercises_ids(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = await trained(store, event_store, 18)
    phone = reader_of(client, person)
    views = rows_of(fold(event.recorded() for event in person.received))
    known = Exercises(row for row in views["exercises"] if isinstance(row, ExerciseRow))
    sets = [row for row in views["sets"] if isinstance(row, SetRow)]
    logged = {row.logged_exercise_id for row in sets}
    assert any(known.standing_for(exercise_id) != exercise_id for exercise_id in logged)

    for exercise_id in logged:
        shown_as = known.standing_for(exercise_id)
        expected = progress(shown_as, (row for row in sets if row.exercise_id == shown_as))
        got = await phone.all_items(f"/exercises/{exercise_id}/progress", limit=2)
        assert got == json.loads(json.dumps([row.content() for row in expected]))
        records = await phone.all_items("/records", exercise_id=str(exercise_id), limit=500)
        assert len(records) == sum(getattr(row, "exercise_id", None) == shown_as for row in views["records"])
