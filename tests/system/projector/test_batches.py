"""What a batch finds in the store, and what it has at hand itself, make the same rows."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.projector.consumers import Consumers
from services.projector.rebuild.run import rebuild
from services.projector.settings import Settings
from services.projector.store.batch import ProjectorStore
from services.projector.views import rows as view_rows
from services.projector.views import sets
from shared.domains.exercises.catalogue import catalogue_id
from shared.envelope import AcceptedEvent
from shared.following import Follower
from shared.kafka import Record
from shared.topics import EVENTS
from shared.values import format_moment
from shared.views.sets import SetRow, set_row
from tests.histories import START, Said, history, sent
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply, expected, rows

PULL_UP = str(catalogue_id("pull-up"))
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


def records(events: Iterable[AcceptedEvent]) -> list[Record]:
    return [Record(EVENTS, 0, offset, b"", event.model_dump_json().encode(), ()) for offset, event in enumerate(events)]


@pytest.mark.parametrize("parks", [False, True])
async def test_a_life_that_comes_at_once_holds_its_conflicts(pool: Pool, parks: bool) -> None:
    store, person = ProjectorStore(pool, parks=parks), history(410 + parks, events=400, devices=3)

    async with store.batch(person.devices.keys()) as batch:
        await batch.fold(person.received)

    stored = await rows(store, person.user_id)
    assert stored == expected(person.received)
    assert len({(row.entity_id, row.field) for _, row in batch.conflicts}) == len(stored["conflicts"]) > 0


@pytest.mark.parametrize("parks", [False, True])
async def test_events_that_are_folded_again_beside_new_ones_change_nothing(pool: Pool, parks: bool) -> None:
    store, person = ProjectorStore(pool, parks=parks), history(420 + parks, events=300, devices=2)
    await apply(store, person.received[:200])

    async with store.batch(person.devices.keys()) as batch:
        await batch.fold(person.received[100:])

    assert await rows(store, person.user_id) == expected(person.received)


async def test_a_life_is_made_again_in_pieces(store: ProjectorStore, monkeypatch: pytest.MonkeyPatch) -> None:
    # given somebody of whom there is more than one statement may write
    person = history(430, events=300, devices=2)
    await apply(store, person.received)
    monkeypatch.setattr(view_rows, "ROWS_AT_ONCE", 7)

    # when the profile changes, so that everything is another
    said = sent(
        person.user_id, uuid4(), [("ProfileUpdated", {"time_zone": "Asia/Tokyo", "week_start": 7, "height": 181})]
    )
    await apply(store, said)

    # then it is all there
    assert await rows(store, person.user_id) == expected([*person.received, *said])


async def test_the_earliest_of_many_weighings_reaches_the_sets_after_it(store: ProjectorStore) -> None:
    # given two people's sets of the body's weight, an hour apart
    people = [uuid4(), uuid4()]
    told = {
        user: sent(
            user,
            uuid4(),
            [
                (
                    "SetCompleted",
                    {"set_id": str(uuid4()), "workout_id": str(uuid4()), "exercise_id": PULL_UP, "reps": 5}
                    | {"completed_at": format_moment(START + timedelta(hours=hour)), "load_basis": "bodyweight"},
                )
                for hour in range(6)
            ],
        )
        for user in people
    }
    await apply(store, [event for events in told.values() for event in events])

    # when each was weighed several times, of which a batch tells in no order
    for user, hours in zip(people, ([3, 1, 5], [4, 2]), strict=True):
        told[user] += sent(
            user,
            uuid4(),
            [
                (
                    "BodyMeasurementRecorded",
                    {"measurement_id": str(uuid4()), "weight": 70 + hour}
                    | {"measured_at": format_moment(START + timedelta(hours=hour, minutes=-1))},
                )
                for hour in hours
            ],
        )
    await apply(store, [event for events in told.values() for event in events[6:]])

    # then each set has the weight of its time
    for user in people:
        assert await rows(store, user) == expected(told[user])


async def test_weighings_of_one_moment_may_change_places(store: ProjectorStore) -> None:
    # given two weighings at once, of which the id says which counts, and a set of the body's weight
    first, second = (str(UUID(int=number)) for number in (1, 2))
    at = format_moment(START)
    pull_up = {"set_id": str(uuid4()), "workout_id": str(uuid4()), "exercise_id": str(catalogue_id("pull-up"))}
    said: list[Said] = [
        ("BodyMeasurementRecorded", {"measurement_id": first, "measured_at": at, "weight": 80}),
        ("BodyMeasurementRecorded", {"measurement_id": second, "measured_at": at, "weight": 90}),
        ("SetCompleted", {**pull_up, "completed_at": at, "reps": 5, "load_basis": "bodyweight"}),
        ("BodyMeasurementCorrected", {"measurement_id": first, "weight": 90}),
        ("BodyMeasurementCorrected", {"measurement_id": second, "weight": 80}),
    ]
    person = sent(uuid4(), uuid4(), said)
    # when their weights change places in one batch
    await apply(store, person[:3])
    await apply(store, person[3:])
    # then the set has the load that the fold gives it
    assert await rows(store, person[0].user_id) == expected(person)


WEIGHED = ((2, {"weight": 80}), (3, {"waist": 90}), (4, {"weight": 90}))
DAYS = ("2026-01-15", "2026-02-01", "2026-02-15", "2026-03-15", "2026-04-15")


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 2), (0, 3), (1, 3), (2, 5), (4, 5)])
async def test_sets_weigh_what_the_body_weighed_last(store: ProjectorStore, first: int, last: int) -> None:
    # given two weighings, and a measurement between them that says no weight
    weighed: list[Said] = [
        (
            "BodyMeasurementRecorded",
            {"measurement_id": str(uuid4()), "measured_at": f"2026-0{month}-01T08:00:00Z"} | what,
        )
        for month, what in WEIGHED
    ]
    # when sets of some days come: before all weighings, at the moment of one, between them, after them
    workout, times = str(uuid4()), [f"{day}T08:00:00Z" for day in DAYS[first:last]]
    pull_up = {"workout_id": workout, "exercise_id": str(catalogue_id("pull-up")), "load_basis": "bodyweight"}
    done: list[Said] = [
        ("SetCompleted", pull_up | {"set_id": str(uuid4()), "completed_at": time, "reps": 5}) for time in times
    ]
    started = ("WorkoutStarted", {"workout_id": workout, "started_at": times[0]})
    person = sent(uuid4(), uuid4(), [*weighed, started, *done])
    await apply(store, person[:3])
    await apply(store, person[3:])
    # then each has the load that the fold gives it
    assert await rows(store, person[0].user_id) == expected(person)


async def test_a_week_is_summed_to_the_last_gram_from_what_earlier_batches_stored(store: ProjectorStore) -> None:
    # given a workout that weighs more than a JSON number can say, and a light one a day later
    at = ("2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z")
    told: list[Said] = []
    for started, reps, weight in zip(at, (9_999, 3), (999_999.999999, 0.000001), strict=True):
        workout = {"workout_id": str(uuid4())}
        done = {"set_id": str(uuid4()), "exercise_id": str(catalogue_id("squat-barbell")), "completed_at": started}
        told.append(("WorkoutStarted", {**workout, "started_at": started}))
        told.append(("SetCompleted", {**workout, **done, "reps": reps, "weight": weight, "rpe": 8.5}))
    person = sent(uuid4(), uuid4(), told)
    # when they come one after the other
    await apply(store, person[:2])
    await apply(store, person[2:])
    # then the week is that of both at once
    assert await rows(store, person[0].user_id) == expected(person)


async def test_an_event_that_cannot_be_folded_takes_nothing_of_its_batch_with_it(
    pool: Pool, parking: ProjectorStore, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = history(402, events=120, devices=1)
    bad = [event for event in person.received if event.event_type == "SetCompleted"][20]
    later = [event for event in person.received if event.payload.get("set_id") == bad.payload["set_id"]][1:]

    def failing(set_id: UUID, *given: Any) -> SetRow | None:
        if str(set_id) == bad.payload["set_id"]:
            raise ValueError("cannot be folded")
        return set_row(set_id, *given)

    monkeypatch.setattr(sets, "set_row", failing)
    # when the worker takes them in one batch, at first as if all could be folded
    quick = ProjectorStore(pool, parks=False)
    follower.epoch = person.received[0].server_epoch
    with pytest.raises(ValueError, match="cannot be folded"):
        await follower.take(person.received, quick)
    assert not any((await rows(quick, person.user_id)).values())
    await Consumers(parking, quick, follower).on_events(records(person.received))

    assert await rows(parking, person.user_id) == expected([e for e in person.received if e not in (bad, *later)])


async def test_a_connection_writes_on_in_another_generation(
    store: ProjectorStore, url: str, event_store: EventStore
) -> None:
    person = history(403, events=200, devices=2)
    event_store.accept(person.received[:90])
    settings = Settings(
        database_url_projector=url, ingest_url=event_store.url, auth_url=event_store.url, service_token="secret"
    )
    await apply(store, person.received[:90])

    done = await rebuild(settings)
    await apply(store, person.received[90:])

    async with store.transaction() as connection:
        assert await connection.fetchval("SELECT current_schema()") == done.generation
    assert await rows(store, person.user_id) == expected(person.received)


async def test_many_users_change_their_exercises_in_one_batch(store: ProjectorStore) -> None:
    # given many users with exercises of their own
    def defined(number: int) -> Said:
        return "ExerciseDefined", {"exercise_id": str(uuid4()), "name": f"Row {number}", "muscle_category": "lats"}

    renamed: Said = ("ExerciseUpdated", {"exercise_id": str(catalogue_id("pull-up")), "name": "Chin"})
    people = [sent(uuid4(), uuid4(), [*map(defined, range(5)), renamed]) for _ in range(100)]
    await apply(store, [event for person in people for event in person[:-1]])
    # when one batch brings another for each of them
    await apply(store, [person[-1] for person in people])
    # then all of it is there, by a few statements that the database has done within its time
    assert await rows(store, people[-1][0].user_id) == expected(people[-1])


async def test_records_of_an_epoch_that_a_comparison_found_over_are_dropped(
    pool: Pool, parking: ProjectorStore, follower: Follower, event_store: EventStore
) -> None:
    # given a worker that knows the epoch from its records, and a comparison that hears of another one
    person, other = history(404, events=40, devices=1), history(405, events=40, devices=1)
    quick = ProjectorStore(pool, parks=False)
    consumers = Consumers(parking, quick, follower)
    follower.epoch = person.received[0].server_epoch
    await consumers.on_events(records(person.received))
    assert any((await rows(parking, person.user_id)).values())
    before, event_store.epoch = event_store.epoch, uuid4()
    await follower.compare()
    # when records of the old one come
    await consumers.on_events(records(other.received))
    event_store.epoch = before
    # then they are dropped
    assert not any((await rows(parking, other.user_id)).values())
