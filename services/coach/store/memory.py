"""The training memory: recorded events by user, with how far each device has been heard (law 4)."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from services.coach.store import Connection, Pool
from services.coach.store.people import owners_of
from shared.digests import Digest
from shared.envelope import AcceptedEvent, decode_accepted
from shared.following import Applied
from shared.registry import UnknownEventType
from shared.telemetry import log

REMEMBER = """
INSERT INTO memory_events (device_id, sequence_number, user_id, event_id, event, unreadable)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
ON CONFLICT (device_id, sequence_number) DO UPDATE
SET user_id = excluded.user_id, event_id = excluded.event_id, event = excluded.event, unreadable = excluded.unreadable
WHERE (memory_events.event_id, memory_events.user_id) <> (excluded.event_id, excluded.user_id)
RETURNING user_id
"""
CHANGED = """
INSERT INTO trainees (user_id) SELECT unnest($1::uuid[])
ON CONFLICT (user_id) DO UPDATE SET version = trainees.version + 1
"""
LOCK_APPLIED = """
SELECT device_id, sequence, count, hash FROM applied WHERE device_id = ANY($1) ORDER BY device_id FOR UPDATE
"""
SAVE_APPLIED = """
UPDATE applied SET sequence = new.sequence, count = new.count, hash = new.hash
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) AS new (device_id, sequence, count, hash)
WHERE applied.device_id = new.device_id
"""
CUT_PAST_POSITION = """
DELETE FROM memory_events USING unnest($1::uuid[], $2::bigint[]) AS at (device_id, sequence)
WHERE memory_events.device_id = at.device_id AND memory_events.sequence_number > at.sequence
RETURNING memory_events.user_id
"""


@dataclass
class MemoryBatch:
    """One transaction of the memory in which the positions of its devices are locked."""

    connection: Connection
    applied: Mapping[UUID, Applied]

    async def fold(self, events: Sequence[AcceptedEvent]) -> None:
        """Keeps the events of users who are not erased. One that cannot be read now is kept too, with the reason."""
        owners = await owners_of(self.connection, {event.user_id for event in events})
        kept = [(event, owner) for event in events if (owner := owners[event.user_id]) is not None]
        if not kept:
            return
        rows = await self.connection.fetch(
            REMEMBER,
            [event.device_id for event, _ in kept],
            [event.sequence_number for event, _ in kept],
            [owner for _, owner in kept],
            [event.event_id for event, _ in kept],
            [event.model_dump_json(exclude_none=True) for event, _ in kept],
            [unreadable(event) for event, _ in kept],
        )
        await changed(self.connection, [row["user_id"] for row in rows])

    async def save(self, applied: Mapping[UUID, Applied]) -> None:
        """Writes the new positions; what lies beyond them belongs to an epoch that is over."""
        devices = sorted(applied)
        positions = [applied[device] for device in devices]
        sequences = [at.sequence for at in positions]
        counts, hashes = [at.digest.count for at in positions], [at.digest.hash for at in positions]
        await self.connection.execute(SAVE_APPLIED, devices, sequences, counts, hashes)
        cut = await self.connection.fetch(CUT_PAST_POSITION, devices, sequences)
        await changed(self.connection, [row["user_id"] for row in cut])


def unreadable(event: AcceptedEvent) -> str | None:
    """Why this version of the software cannot read the event; None where it can."""
    try:
        event.typed()
    except (UnknownEventType, ValidationError) as error:
        log().warning("unreadable_event", event_id=str(event.event_id), event_type=event.event_type)
        return str(error)
    return None


async def changed(connection: Connection, owners: Collection[UUID]) -> None:
    """Gives each of these users a new version of what is remembered."""
    if owners:
        await connection.execute(CHANGED, sorted(set(owners)))


class Memory:
    """The read store that a follower fills."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def batch(self, devices: Collection[UUID]) -> AsyncIterator[MemoryBatch]:
        """A transaction with the positions of these devices locked."""
        ids = sorted(devices)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO applied (device_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", ids
            )
            rows = await connection.fetch(LOCK_APPLIED, ids)
            yield MemoryBatch(connection, {row["device_id"]: _applied(row) for row in rows})

    async def all_applied(self) -> Mapping[UUID, Applied]:
        """The applied vector."""
        rows = await self._pool.fetch("SELECT device_id, sequence, count, hash FROM applied")
        return {row["device_id"]: _applied(row) for row in rows}

    async def forget(self, device_ids: Collection[UUID]) -> None:
        """Drops everything of devices that ingest does not know."""
        ids = sorted(device_ids)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.fetch(LOCK_APPLIED, ids)
            gone = await connection.fetch("DELETE FROM memory_events WHERE device_id = ANY($1) RETURNING user_id", ids)
            await changed(connection, [row["user_id"] for row in gone])
            await connection.execute("DELETE FROM applied WHERE device_id = ANY($1)", ids)

    async def forget_everything(self) -> None:
        """Empties the memory, so that comparing heads fills it again from the event store."""
        await self.forget((await self.all_applied()).keys())

    async def version(self, account: UUID) -> int:
        """Grows with every change of what is remembered of this user; 0 where nothing is."""
        return await self._pool.fetchval("SELECT version FROM trainees WHERE user_id = $1", account) or 0

    async def events(self, account: UUID) -> tuple[int, list[AcceptedEvent]]:
        """The version and all events of a user, in the order of its devices."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            version = await connection.fetchval("SELECT version FROM trainees WHERE user_id = $1", account)
            rows = await connection.fetch(
                "SELECT event FROM memory_events WHERE user_id = $1 ORDER BY device_id, sequence_number", account
            )
        return version or 0, [decode_accepted(row["event"].encode()) for row in rows]


def _applied(row: Mapping[str, int | str]) -> Applied:
    return Applied(int(row["sequence"]), Digest.parse(int(row["count"]), str(row["hash"])))
