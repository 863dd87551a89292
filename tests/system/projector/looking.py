"""What tests do with a store: apply events in some order and batching, and look at what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from uuid import UUID

from services.projector.domain import states
from services.projector.store import history, positions
from services.projector.store.batch import ProjectorStore, enter
from services.projector.store.generations import Connection
from services.projector.views import views, whole
from services.projector.views.text import text_of
from shared.digests import Digest
from shared.envelope import AcceptedEvent
from shared.following import plan
from shared.postgres import connect


async def apply(store: ProjectorStore, events: Iterable[AcceptedEvent]) -> None:
    """One batch, as a consumer takes it."""
    batch_events = list(events)
    async with store.batch({event.device_id for event in batch_events}) as batch:
        planned = plan(batch.applied, batch_events)
        assert not planned.holes
        if planned.fresh:
            await batch.fold(planned.fresh)
            touched = {event.device_id for event in planned.fresh}
            await batch.save({device: planned.applied[device] for device in touched})


def split(events: Sequence[AcceptedEvent], random: Random, largest: int) -> Iterable[Sequence[AcceptedEvent]]:
    """The events in batches of random sizes."""
    start = 0
    while start < len(events):
        size = random.randint(1, largest)
        yield events[start : start + size]
        start += size


async def content_digest(store: ProjectorStore, user_id: UUID) -> Digest:
    """The digest of all the user's rows."""
    async with store.transaction() as connection:
        return await positions.content_digest(connection, user_id)


async def rows(store: ProjectorStore, user_id: UUID) -> Mapping[str, set[str]]:
    """All rows by view."""
    async with store.transaction() as connection:
        return await contents(connection, user_id)


async def contents(connection: Connection, user_id: UUID) -> Mapping[str, set[str]]:
    """All rows by view, in the generation that the connection has entered."""
    return {
        view.name: {
            row[0]
            for row in await connection.fetch(f"SELECT content FROM {view.table.name} WHERE user_id = $1", user_id)
        }
        for view in views()
    }


class Rebuilt:
    """Holds what people read against what the history gives when it is folded from its beginning."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, UUID], int] = {}

    async def check(self, url: str) -> None:
        """Every user whose rows may be others than at the last look."""
        opened = await connect(url, role="projector_worker")
        try:
            async with opened.transaction(isolation="repeatable_read"):
                generation = await enter(opened)
                for user_id, version in await opened.fetch("SELECT user_id, version FROM users"):
                    if self._seen.get((url, generation, user_id)) != version:
                        await _assert_rebuilt(opened, user_id)
                        self._seen[url, generation, user_id] = version
        finally:
            await opened.close()


async def _assert_rebuilt(connection: Connection, user_id: UUID) -> None:
    entities = await history.entities_of_user(connection, user_id)
    rebuilt = whole(states(entities).get(user_id, {}))
    live = await contents(connection, user_id)
    assert live == {name: set(map(text_of, rows)) for name, rows in rebuilt.items()}, user_id
