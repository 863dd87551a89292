"""Law 5 in the store: however events arrive, the rows are those of the pure fold."""

from random import Random
from uuid import UUID

import asyncpg
import pytest

from services.projector.store import identity
from services.projector.store.batch import ProjectorStore
from services.projector.store.refreshing import Conflicts
from shared.digests import canonical_json
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.views.conflicts import ConflictRow
from shared.views.whole import content_digest_of, rows_of
from tests.histories import history, interleaved, repeated
from tests.system.projector.looking import apply, content_digest, rows, split


def expected(events: list[AcceptedEvent]) -> dict[str, set[str]]:
    views = rows_of(fold(event.recorded() for event in events))
    return {name: {canonical_json(row.content()) for row in found} for name, found in views.items()}


@pytest.mark.parametrize("seed", range(12))
async def test_any_interleaving_and_batching_gives_the_rows_of_the_fold(store: ProjectorStore, seed: int) -> None:
    random = Random(seed)
    given = history(seed, events=300, devices=3)
    arriving = repeated(interleaved(given.devices.values(), random), random)

    for batch in split(arriving, random, largest=150):
        await apply(store, batch)

    assert await rows(store, given.user_id) == expected(list(given.received))


async def test_a_long_history_has_one_content_whatever_the_order(store: ProjectorStore) -> None:
    given = history(77, events=2_000, devices=3)
    digests = set()
    for seed in range(4):
        random = Random(seed)
        for batch in split(interleaved(given.devices.values(), random), random, largest=400):
            await apply(store, batch)
        digests.add(await content_digest(store, given.user_id))
        await store.forget(given.devices.keys())

    assert digests == {content_digest_of(fold(event.recorded() for event in given.received))}


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


async def test_new_conflicts_are_told_once(store: ProjectorStore, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    told: list[tuple[UUID, ConflictRow]] = []

    async def tell(conflicts: Conflicts) -> None:
        told.extend(conflicts)

    given = history(300, events=400, devices=3)
    for batch in split(given.received, Random(1), largest=100):
        await apply(ProjectorStore(pool, tell=tell), batch)

    keys = [row.key for _, row in told]
    found = {row.key for row in rows_of(fold(event.recorded() for event in given.received))["conflicts"]}
    assert found
    assert found <= set(keys)
