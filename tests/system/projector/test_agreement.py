"""Law 2: a store that differs from the event store becomes equal to it, whatever the difference."""

from uuid import uuid4

from services.projector.store.batch import ProjectorStore
from shared.fold import fold
from shared.following import Follower
from shared.views.whole import content_digest_of
from tests.histories import History, history
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply, content_digest


async def agrees(store: ProjectorStore, follower: Follower, person: History) -> None:
    expected = content_digest_of(fold(event.recorded() for event in person.received))
    assert await content_digest(store, person.user_id) == expected
    assert await follower.compare() == []


async def test_what_was_never_heard_is_read_from_where_the_store_stands(
    store: ProjectorStore, event_store: EventStore, follower: Follower
) -> None:
    person = history(1, events=150, devices=2)
    event_store.accept(person.received)
    await apply(store, person.received[:70])

    assert set(await follower.compare()) == set(person.devices)

    await agrees(store, follower, person)


async def test_what_the_event_store_never_had_goes(
    store: ProjectorStore, event_store: EventStore, follower: Follower
) -> None:
    person = history(2, events=100, devices=2)
    event_store.accept(person.received)
    lost = person.received[-1].model_copy(
        update={
            "event_id": uuid4(),
            "event_type": "WorkoutStarted",
            "payload": {"workout_id": str(uuid4()), "started_at": "2026-01-01T10:00:00Z"},
            "sequence_number": person.received[-1].sequence_number + 1,
            "previous_sequence": person.received[-1].sequence_number,
        }
    )
    await apply(store, [*person.received, lost])

    assert await follower.compare() == [lost.device_id]

    await agrees(store, follower, person)


async def test_a_device_that_the_event_store_does_not_know_goes(
    store: ProjectorStore, event_store: EventStore, follower: Follower
) -> None:
    person, unknown = history(3, events=80, devices=1), history(4, events=40, devices=1)
    of_the_same = [event.model_copy(update={"user_id": person.user_id}) for event in unknown.received]
    event_store.accept(person.received)
    await apply(store, [*person.received, *of_the_same])

    assert await follower.compare() == [unknown.received[0].device_id]

    await agrees(store, follower, person)
