"""The read API over real PostgreSQL: whose rows, in pages, and unchanged since when."""

import json
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from services.projector.store import identity
from services.projector.store.batch import ProjectorStore
from shared.fold import fold
from shared.postgres import create_pool
from shared.values import format_moment
from shared.views.exercises import ExerciseRow, Exercises
from shared.views.progress import progress
from shared.views.sets import SetRow
from shared.views.whole import rows_of
from tests.histories import history, sent
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply
from tests.system.projector.phones import FAR_OFF, Reader, reader_of, trained, undegraded


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


async def test_entities_come_by_id_page_by_page(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    phone = reader_of(client, await trained(store, event_store, 25))

    ids = [one["set_id"] for one in await phone.all_items("/entities/set", limit=40)]

    assert len(ids) > 40
    assert ids == sorted(ids)


@pytest.mark.parametrize("merged", [False, True])
async def test_an_erased_user_reads_nothing_any_more(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore, merged: bool
) -> None:
    # given somebody whose token outlives the erasure, or whose account was erased
    person, account = await trained(store, event_store, 27 + merged, events=20), uuid4()
    phone = reader_of(client, person)
    async with store.transaction() as connection:
        if merged:
            await identity.merge(connection, person.user_id, account)
        await identity.erase(connection, uuid4(), {person.user_id, account} if merged else {person.user_id})

    # when anything is read, then they are told so, and not that there is nothing
    fresh = {"X-Read-After": f"{person.received[0].device_id}:99"}
    for path, headers in (("/workouts", {}), ("/profile", {}), ("/projections/status", {}), ("/exercises", fresh)):
        assert (await phone.get(path, 410, headers))["code"] == "user_erased"
    answer = await client.post(f"/api/v1/history/{person.received[0].event_id}/undo", headers=phone.headers)
    assert answer.status_code == 410


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
    await phone.response("/workouts", 200, {"If-None-Match": tag}, limit=1)
    await phone.response(f"/workouts/{UUID(int=0)}", 404, {"If-None-Match": tag})
    more = history(500, events=5, user_id=person.user_id)
    await apply(store, more.received)
    await phone.response("/workouts", 200, {"If-None-Match": tag})


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


async def test_an_exercise_that_nobody_has_defined_is_shown_without_a_name(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = history(26, events=60, devices=1)
    last, unknown = person.received[-1], str(uuid4())
    done = {"set_id": str(uuid4()), "workout_id": str(uuid4()), "exercise_id": unknown, "reps": 5}
    update = {
        "event_id": uuid4(),
        "event_type": "SetCompleted",
        "schema_version": 1,
        "payload": done | {"completed_at": format_moment(last.occurred_at)},
        "sequence_number": last.sequence_number + 1,
        "previous_sequence": last.sequence_number,
    }
    await apply(store, [*person.received, last.model_copy(update=update)])
    phone = reader_of(client, person)

    shown = await phone.get(f"/exercises/{unknown}")

    assert (shown["exercise_id"], shown["name"]) == (unknown, None)
    await phone.get(f"/exercises/{uuid4()}", 404)
    await phone.get(f"/entities/%00/{unknown}", 404)


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


async def test_progress_goes_on_with_what_comes_after_it_was_read(
    client: httpx2.AsyncClient, store: ProjectorStore, event_store: EventStore
) -> None:
    person = history(19, events=300)
    event_store.accept(person.received)
    phone = reader_of(client, person)
    middle = len(person.received) // 2

    for before, until in ((0, middle), (middle, None)):
        await apply(store, person.received[before:until])

        sets = [
            row
            for row in rows_of(fold(event.recorded() for event in person.received[:until]))["sets"]
            if isinstance(row, SetRow)
        ]
        for exercise_id in {row.exercise_id for row in sets}:
            expected = progress(exercise_id, (row for row in sets if row.exercise_id == exercise_id))
            got = await phone.all_items(f"/exercises/{exercise_id}/progress")
            assert got == json.loads(json.dumps([row.content() for row in expected]))


async def test_pages_of_exercises_go_on_whatever_happens_before_them(
    client: httpx2.AsyncClient, store: ProjectorStore
) -> None:
    ids = [str(uuid4()) for _ in range(4)]
    phone = uuid4()
    events = sent(
        uuid4(),
        phone,
        [
            *(
                ("ExerciseDefined", {"exercise_id": one, "name": f"Zyzz {i}", "muscle_category": "chest"})
                for i, one in enumerate(ids)
            ),
            ("ExerciseArchived", {"exercise_id": ids[0]}),
        ],
    )
    await apply(store, events[:4])
    reader = Reader(client, events[0].user_id, phone)

    page = await reader.get("/exercises", q="Zyzz", limit=2)
    await apply(store, events[4:])
    rest = await reader.get("/exercises", q="Zyzz", limit=2, cursor=page["next_cursor"])

    assert [item["exercise_id"] for item in (*page["items"], *rest["items"])] == ids
    assert rest["next_cursor"] is None
