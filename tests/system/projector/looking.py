"""What tests do with a store: apply events in some order and batching, and look at what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from uuid import UUID

from services.projector.store import positions
from services.projector.store.batch import ProjectorStore
from services.projector.views import views
from shared.digests import Digest, canonical_json
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.following import plan
from shared.postgres import Connection
from shared.views.whole import rows_of


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


def expected(events: Iterable[AcceptedEvent]) -> Mapping[str, set[str]]:
    """What `rows` must find: by view, what the fold makes of all events of a user."""
    made = rows_of(fold(event.recorded() for event in events))
    return {view: {canonical_json(row.content()) for row in found} for view, found in made.items()}


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
