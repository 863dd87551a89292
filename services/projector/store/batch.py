"""One batch of events as one transaction: applied rows, history, views of what was touched, positions."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Histogram

from services.projector.domain import EntityKey, Entry, Parked, read
from services.projector.store import dead_letters, history
from services.projector.store.refreshing import Conflicts, refresh
from services.projector.store.users import USERS, lock_owners, touch, touching
from services.projector.tables import APPLIED, HISTORY
from services.projector.views.rows import generation_of
from services.projector.views.writes import Writes
from shared.digests import Digest
from shared.envelope import AcceptedEvent
from shared.following import Applied
from shared.postgres import Connection, Pool, locked
from shared.views.conflicts import ConflictRow

# Faults of one event's content, which would come again; everything else is a fault of the surroundings.
PERMANENT_FAULTS = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    asyncpg.DataError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.UntranslatableCharacterError,
)
BATCH_SECONDS = Histogram("projector_batch_seconds", "Time to take a batch of events into history and views")
PARKED = Counter("projector_parked_total", "Events that could not be applied")

Tell = Callable[[Connection, Conflicts], Awaitable[None]]

_COMMIT = """
set_config('synchronous_commit', CASE WHEN $1 THEN current_setting('synchronous_commit') ELSE 'off' END, true)
"""
_ENTER = f"SELECT {_COMMIT}, set_config('search_path', $2 || ', public', true)"
_ENTER_LIVE = f"""
SELECT name, {_COMMIT}, set_config('search_path', name || ', public', true)
FROM (SELECT name FROM live_generation FOR SHARE) AS live
"""  # noqa: S608  (constants of this file)
_LOCK = """
SELECT device_id, sequence, count, hash FROM applied WHERE device_id = ANY($1::uuid[]) ORDER BY device_id FOR UPDATE
"""
_MAKE = "INSERT INTO applied (device_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
_SAVE = """
UPDATE applied SET sequence = n.sequence, count = n.count, hash = n.hash, user_id = coalesce(n.user_id, applied.user_id)
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::uuid[])
  AS n (device_id, sequence, count, hash, user_id)
WHERE applied.device_id = n.device_id
"""


class NoGeneration(Exception):
    """No generation is live yet: a worker makes the first one at its start."""


async def enter(connection: Connection, generation: str | None = None, *, durable: bool = True) -> str:
    """Points the transaction at a generation, the live one unless named, which stays live until the end; its name.

    One that is not `durable` does not wait for the disk with its commit.

    Raises:
        NoGeneration
    """
    if generation is not None:
        await connection.execute(_ENTER, durable, generation)
        return generation
    live: str | None = await connection.fetchval(_ENTER_LIVE, durable)
    if live is None:
        raise NoGeneration
    return live


class ProjectorBatch:
    """`shared.following.Batch` over an open transaction in a generation."""

    def __init__(
        self, connection: Connection, generation: str, applied: Mapping[UUID, Applied], *, parks: bool = True
    ) -> None:
        self.applied = applied
        self._connection = connection
        self._generation = generation
        self._parks = parks
        self._writes = Writes(connection)
        self._touched: set[UUID] = set()
        self._parked = 0
        self.conflicts: list[tuple[UUID, ConflictRow]] = []
        self._owner_of_device: dict[UUID, UUID | None] = {}

    async def fold(self, events: Sequence[AcceptedEvent]) -> None:
        """Takes the events into the history and the views.

        What cannot be read is parked, and so is what cannot be folded, unless the batch is to fail with that fault.
        """
        # What is still to be written of a fold before this one is read by it.
        await self._writes.make()
        owners = await lock_owners(self._connection, {event.user_id for event in events})
        self._owner_of_device |= {event.device_id: owners.get(event.user_id) for event in events}
        entries, parked = read(events, owners)
        if self._parks:
            parked += await self._fold_or_park(entries)
        elif entries:
            self.conflicts += await project(self._writes, self._generation, entries)
        self._parked += len(parked)
        await dead_letters.park(self._connection, parked, owners)
        self._touched |= {*owners.values()}

    async def _fold_or_park(self, entries: Sequence[Entry]) -> list[Parked]:
        """Folds all entries, or else halves them until the event that cannot be folded stands alone."""
        if not entries:
            return []
        try:
            async with self._connection.transaction():
                writes = Writes(self._connection)
                found = await project(writes, self._generation, entries)
                await writes.make()
            self.conflicts += found
            return []
        except PERMANENT_FAULTS as error:
            events = {entry.said.own: entry.event for entry in entries}
            if len(events) == 1:
                return [Parked(entries[0].event, repr(error))]
        first = set(list(events)[: len(events) // 2])
        earlier = [entry for entry in entries if entry.said.own in first]
        later = [entry for entry in entries if entry.said.own not in first]
        return await self._fold_or_park(earlier) + await self._fold_or_park(later)

    async def save(self, applied: Mapping[UUID, Applied]) -> None:
        """Writes the new positions."""
        rows = [
            (device, at.sequence, at.digest.count, at.digest.hash, self._owner_of_device.get(device))
            for device, at in applied.items()
        ]
        await self._writes.add(APPLIED.name, [(_SAVE, tuple(zip(*rows, strict=True)))])

    async def finish(self) -> None:
        """Writes what waits for the end of the batch."""
        if self._touched:
            await self._writes.add(USERS, [touching(self._touched)])
        await self._writes.make()
        PARKED.inc(self._parked)


async def project(writes: Writes, generation: str, entries: Sequence[Entry]) -> Conflicts:
    """Records entries and makes again what depends on them; returns the conflicts that are new."""
    keys = {entry.key for entry in entries}
    found = await history.entities(writes.connection, keys, entries)
    await writes.add(HISTORY.name, [history.recording(generation, entries)])
    return await refresh(writes, generation, keys, found)


class ProjectorStore:
    """`shared.following.ReadStore` over the live generation, or over one that is being built."""

    def __init__(
        self,
        pool: Pool,
        generation: str | None = None,
        tell: Tell | None = None,
        *,
        parks: bool = True,
    ) -> None:
        """`tell` hears of new conflicts, in the transaction that found them. One that does not park what cannot be
        folded is quicker, and such an event fails its batch."""
        self._pool = pool
        self._generation = generation
        self._tell = tell
        self._parks = parks

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction in the generation."""
        async with self._pool.acquire() as connection, connection.transaction():
            await enter(connection, self._generation)
            yield connection

    @asynccontextmanager
    async def batch(self, devices: Collection[UUID]) -> AsyncIterator[ProjectorBatch]:
        """A transaction with the applied rows of these devices locked.

        It does not wait for the disk: what a crash of the database takes back is read from the feed again (law 2).
        """
        async with self._pool.acquire() as connection, connection.transaction():
            generation = await enter(connection, self._generation, durable=False)
            applied = await _locked(connection, sorted(devices))
            batch = ProjectorBatch(connection, generation, applied, parks=self._parks)
            with BATCH_SECONDS.time():
                yield batch
                await batch.finish()
            if batch.conflicts and self._tell is not None:
                await self._tell(connection, batch.conflicts)

    async def all_applied(self) -> Mapping[UUID, Applied]:
        """The applied vector."""
        async with self.transaction() as connection:
            rows = await connection.fetch("SELECT device_id, sequence, count, hash FROM applied WHERE sequence > 0")
        return {row["device_id"]: _applied(row) for row in rows}

    async def forget(self, device_ids: Collection[UUID]) -> None:
        """Drops what these devices said, and their positions."""
        async with self.transaction() as connection:
            await _locked(connection, sorted(device_ids))
            await forget(connection, device_ids)


async def _locked(connection: Connection, devices: Sequence[UUID]) -> dict[UUID, Applied]:
    rows = await locked(connection, _LOCK, _MAKE, devices)
    return {row["device_id"]: _applied(row) for row in rows}


async def forget(connection: Connection, device_ids: Collection[UUID]) -> None:
    """Drops devices' events, parked ones too, and makes again what they had touched. What was given up stays known."""
    devices = list(device_ids)
    users = await connection.fetch("SELECT DISTINCT user_id FROM applied WHERE device_id = ANY($1::uuid[])", devices)
    owners = await lock_owners(connection, {row["user_id"] for row in users if row["user_id"] is not None})
    gone = await connection.fetch(
        "DELETE FROM history WHERE user_id = ANY($1::uuid[]) AND own_device_id = ANY($2::uuid[]) "
        "RETURNING user_id, entity, entity_id",
        list(owners.values()),
        devices,
    )
    await connection.execute(
        "DELETE FROM dead_letters WHERE own_device_id = ANY($1::uuid[]) AND state <> 'discarded'", devices
    )
    await connection.execute("DELETE FROM applied WHERE device_id = ANY($1::uuid[])", devices)
    writes = Writes(connection)
    await refresh(writes, await generation_of(connection), {EntityKey(*row) for row in gone})
    await writes.make()
    await touch(connection, set(owners.values()))


def _applied(row: asyncpg.Record) -> Applied:
    return Applied(row["sequence"], Digest.parse(row["count"], row["hash"]))
