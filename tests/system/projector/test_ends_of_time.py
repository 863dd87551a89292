"""Clocks that were never set say the first moment of the calendar: a time like any other."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import httpx2

from services.projector.store import identity
from services.projector.store.batch import ProjectorStore
from shared.envelope import AcceptedEvent
from shared.values import format_moment
from tests.histories import Said, sent
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply, expected, rows
from tests.system.projector.phones import Reader

FIRST = datetime.min.replace(tzinfo=UTC)


def said_then(user_id: UUID, said: Sequence[Said]) -> list[AcceptedEvent]:
    """By a phone whose clock was never set."""
    return [event.model_copy(update={"occurred_at": FIRST}) for event in sent(user_id, uuid4(), said)]


async def as_folded(store: ProjectorStore, events: Sequence[AcceptedEvent], user_id: UUID) -> bool:
    return await rows(store, user_id) == expected(events)


async def test_every_time_is_stored_as_itself(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    times = [FIRST, datetime(2026, 1, 1, 12, 0, 0, 1000, UTC), datetime.max.replace(tzinfo=UTC)]

    stored = await pool.fetch("SELECT moment, moment::text AS text FROM unnest($1::timestamptz[]) AS moment", times)

    assert [row["moment"] for row in stored] == times
    assert stored[0]["text"] == "0001-01-01 00:00:00+00"


async def test_users_merge_whose_clocks_stood_at_the_beginning(store: ProjectorStore) -> None:
    account, anonymous = uuid4(), uuid4()
    one = sent(account, uuid4(), [("ProfileUpdated", {"sex": "male"})])
    other = said_then(anonymous, [("ProfileUpdated", {"sex": "female"})])
    await apply(store, one)
    await apply(store, other)

    async with store.transaction() as connection:
        await identity.merge(connection, anonymous, account)

    assert await as_folded(store, [*one, *other], account)


async def test_what_comes_after_it_is_folded_and_read(
    store: ProjectorStore, event_store: EventStore, client: httpx2.AsyncClient
) -> None:
    # given a workout of the first moment, with a set that holds a record
    user, workout, exercise = uuid4(), str(uuid4()), str(uuid4())

    def done(reps: int, at: str) -> Said:
        ids = {"set_id": str(uuid4()), "workout_id": workout, "exercise_id": exercise}
        return "SetCompleted", {**ids, "completed_at": at, "reps": reps, "weight": 100}

    started = ("WorkoutStarted", {"workout_id": workout, "started_at": format_moment(FIRST), "name": "A"})
    first = said_then(user, [started, done(5, format_moment(FIRST))])
    await apply(store, first)

    # when another phone goes on with both
    later = sent(
        user, uuid4(), [("WorkoutUpdated", {"workout_id": workout, "name": "B"}), done(6, "2026-01-01T00:00:00Z")]
    )
    await apply(store, later)

    # then nothing is parked, and everything is read
    assert await as_folded(store, [*first, *later], user)
    phone = Reader(client, user, later[0].device_id)
    shown = await phone.get(f"/workouts/{workout}")
    assert (shown["name"], shown["started_at"], len(shown["sets"])) == ("B", format_moment(FIRST), 2)
    await phone.get(f"/history/{workout}")
    await phone.get(f"/workouts/{workout}", as_of="2025-01-01")
    await phone.get(f"/entities/workout/{workout}")


async def test_pages_go_on_over_it(store: ProjectorStore, client: httpx2.AsyncClient) -> None:
    user = uuid4()
    workouts = [str(uuid4()) for _ in range(3)]
    events = said_then(
        user, [("WorkoutStarted", {"workout_id": one, "started_at": format_moment(FIRST)}) for one in workouts]
    )
    await apply(store, events)

    shown = await Reader(client, user, events[0].device_id).all_items("/workouts", limit=1)

    assert sorted(item["workout_id"] for item in shown) == sorted(workouts)
