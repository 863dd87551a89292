"""Law 5 in the store: however events arrive, the rows are those of the pure fold."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from random import Random
from typing import Any

import pytest

from services.projector.store import identity
from services.projector.store.batch import ProjectorStore
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.following import Follower
from shared.registry import registry
from shared.views.whole import content_digest_of
from tests.histories import History, history, interleaved, repeated
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply, content_digest, expected, rows, split
from tests.system.projector.phones import Reader, api

EVENTS = 5_000
INTERLEAVINGS = 12
SAMPLE = 60
LISTS = ("workouts", "measurements", "metrics/weekly", "records", "templates", "goals", "conflicts", "exercises")
# Each is a time in the life of a history: much that arrives at once, and then small batches on top of it.
SIZES = (2_600, 1, 9, 4, 2_300, 2, 6, 10_000)


@pytest.fixture
async def phone(url: str, event_store: EventStore, given: History) -> AsyncIterator[Reader]:
    async with api(url, event_store) as client:
        yield Reader(client, given.user_id, min(given.devices))


@pytest.fixture(scope="module")
def given(event_store: EventStore) -> History:
    person = history(77, events=EVENTS, devices=3)
    event_store.accept(person.received)
    return person


def in_batches(events: Sequence[AcceptedEvent]) -> Iterator[Sequence[AcceptedEvent]]:
    """Batches of thousands, after each of which a few small ones find what they touch in a long history."""
    start = 0
    for size in SIZES:
        if start < len(events):
            yield events[start : start + size]
        start += size


async def every_read(phone: Reader, given: History) -> Mapping[str, Any]:
    """The body of each read, by its path; of what there are hundreds of, those of a sample."""
    bodies: dict[str, Any] = {name: await phone.all_items(f"/{name}", limit=500) for name in LISTS}
    workouts = [workout["workout_id"] for workout in bodies["workouts"]]
    trained = sorted({record["exercise_id"] for record in bodies["records"]})
    random = Random(5)
    sample = random.sample(given.received, 30)
    touched = sorted(
        {str(entity_id) for event in sample for _, entity_id, _ in registry().changes(event.recorded().event)}
    )
    shown = random.sample(workouts, min(len(workouts), SAMPLE))
    middle = given.received[EVENTS // 2].occurred_at.isoformat()
    paths = [
        "profile",
        "projections/status",
        *(f"entities/{entity}?limit=500" for entity in registry().streams),
        *(f"workouts/{workout}" for workout in shown),
        *(f"workouts/{workout}?as_of={middle[:-6]}Z" for workout in workouts[-5:]),
        *(f"exercises/{exercise}{part}" for exercise in trained[:20] for part in ("", "/history", "/progress")),
        *(f"history/{entity_id}" for entity_id in touched),
    ]
    return bodies | {path: (await phone.client.get(f"/api/v1/{path}", headers=phone.headers)).json() for path in paths}


async def test_interleavings_of_a_long_history_leave_equal_digests_and_equal_bodies_of_every_read(
    store: ProjectorStore, follower: Follower, phone: Reader, given: History
) -> None:
    # given what the pure fold makes of the events, in the order in which they were received
    digest = content_digest_of(fold(event.recorded() for event in given.received))
    first: Mapping[str, Any] = {}
    for seed in range(INTERLEAVINGS):
        # when they arrive in another order, some of them twice, in batches large and small
        random = Random(seed)
        arriving = repeated(interleaved(given.devices.values(), random), random, share=0.05)
        taken = [await follower.take(batch) for batch in in_batches(arriving)]
        # then everything that can be read is the same
        assert sum(taken) == EVENTS
        assert await content_digest(store, given.user_id) == digest, seed
        bodies = await every_read(phone, given)
        first = first or bodies
        assert {path for path in bodies if bodies[path] != first[path]} == set(), seed
        await store.forget(given.devices.keys())


@pytest.mark.parametrize("seed", range(4))
async def test_a_merge_at_any_moment_gives_the_rows_of_one_user(store: ProjectorStore, seed: int) -> None:
    random = Random(seed)
    account = history(100 + seed, events=150, devices=2)
    anonymous = history(200 + seed, events=150, devices=2)
    arriving = interleaved([*account.devices.values(), *anonymous.devices.values()], random)
    batches = list(split(arriving, random, largest=40))
    moment = random.randrange(len(batches))

    for number, batch in enumerate(batches):
        if number == moment:
            async with store.transaction() as connection:
                await identity.merge(connection, anonymous.user_id, account.user_id)
        await apply(store, batch)

    assert await rows(store, account.user_id) == expected([*account.received, *anonymous.received])
    assert not any((await rows(store, anonymous.user_id)).values())
