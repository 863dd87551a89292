"""The training memory: recorded events by user, with how far each device has been heard (law 4)."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from services.coach.reach import NOWHERE, reach_of
from services.coach.store.own import own
from services.coach.store.people import owners_of
from shared.digests import Digest
from shared.envelope import AcceptedEvent, Link, decode_accepted
from shared.following import FORGOTTEN_AT_ONCE, Applied, batched
from shared.positions import Position
from shared.postgres import Connection, Pool, locked
from shared.registry import UnknownEventType
from shared.telemetry import log

# Answers whose events took the place of others.
REMEMBER = """
WITH kept AS (
    INSERT INTO memory_events (device_id, sequence_number, user_id, event_id, event, unreadable, version)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[])
    ON CONFLICT (device_id, sequence_number) DO UPDATE
    SET user_id = excluded.user_id, event_id = excluded.event_id, event = excluded.event,
        unreadable = excluded.unreadable, version = excluded.version
    WHERE (memory_events.event_id, memory_events.user_id) <> (excluded.event_id, excluded.user_id)
    RETURNING user_id, xmax <> 0 AS replaced
)
SELECT DISTINCT user_id FROM kept WHERE replaced
"""
CHANGED = """
INSERT INTO trainees (user_id, reaches) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (user_id) DO UPDATE
SET version = trainees.version + 1, changed_at = now(), reaches = least(trainees.reaches, excluded.reaches)
RETURNING user_id, version
"""
CUT = """
UPDATE trainees SET version = version + 1, cut_version = version + 1, changed_at = now(), reaches = '-infinity'
WHERE user_id = ANY($1)
"""
SINCE = """
SELECT event FROM memory_events
WHERE user_id = $1 AND version > $2 AND unreadable IS NULL ORDER BY device_id, sequence_number
"""
LOCK_APPLIED = """
SELECT device_id, sequence, count, hash FROM applied WHERE device_id = ANY($1) ORDER BY device_id FOR UPDATE
"""
MAKE_APPLIED = "INSERT INTO applied (device_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
SAVE_APPLIED = """
UPDATE applied SET sequence = new.sequence, count = new.count, hash = new.hash
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) AS new (device_id, sequence, count, hash)
WHERE applied.device_id = new.device_id
"""
POSITIONS = "SELECT device_id, sequence, count, hash FROM applied WHERE device_id > $1 ORDER BY device_id LIMIT $2"
FORGET = """
WITH gone AS (DELETE FROM memory_events WHERE device_id = ANY($1) RETURNING user_id) SELECT DISTINCT user_id FROM gone
"""
# Asked first, because it is nearly always nothing: joined by a bound, the planner reads the whole table.
PAST_POSITION = """
SELECT at.device_id FROM unnest($1::uuid[], $2::bigint[]) AS at (device_id, sequence)
WHERE (SELECT max(sequence_number) FROM memory_events WHERE device_id = at.device_id) > at.sequence
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

    async def fold(self, events: Sequence[Link]) -> None:
        """Keeps the events of users who are not erased. One that cannot be read now is kept too, with the reason."""
        owners = await owners_of(self.connection, {event.user_id for event in events})
        kept = [(event, owner) for event in events if (owner := owners[event.user_id]) is not None]
        if not kept:
            return
        read = [_read(event) for event, _ in kept]
        reaches: dict[UUID, datetime] = {}
        for (_, owner), (_, reach) in zip(kept, read, strict=True):
            reaches[owner] = min(reach, reaches.get(owner, NOWHERE))
        versions = await changed(self.connection, reaches)
        replaced = await self.connection.fetch(
            REMEMBER,
            [event.device_id for event, _ in kept],
            [event.sequence_number for event, _ in kept],
            [owner for _, owner in kept],
            [event.event_id for event, _ in kept],
            [event.value.decode() for event, _ in kept],
            [unreadable for unreadable, _ in read],
            [versions[owner] for _, owner in kept],
        )
        await _was_cut(self.connection, {row["user_id"] for row in replaced})

    async def save(self, applied: Mapping[UUID, Applied]) -> None:
        """Writes the new positions; what lies beyond them belongs to an epoch that is over."""
        devices = sorted(applied)
        positions = [applied[device] for device in devices]
        sequences = [at.sequence for at in positions]
        counts, hashes = [at.digest.count for at in positions], [at.digest.hash for at in positions]
        await self.connection.execute(SAVE_APPLIED, devices, sequences, counts, hashes)
        if await self.connection.fetch(PAST_POSITION, devices, sequences):
            cut = await self.connection.fetch(CUT_PAST_POSITION, devices, sequences)
            await _was_cut(self.connection, {row["user_id"] for row in cut})


def _read(event: Link) -> tuple[str | None, datetime]:
    """Why this version of the software cannot read the event, None where it can; and how far back it reaches."""
    try:
        return None, reach_of(event.typed())
    except (UnknownEventType, ValidationError) as error:
        log().warning("unreadable_event", event_id=str(event.event_id), event_type=event.event_type)
        return str(error), NOWHERE


async def changed(connection: Connection, reaches: Mapping[UUID, datetime]) -> Mapping[UUID, int]:
    """Gives each of these users a new version of what is remembered, changed from the given moment on.

    They are locked until the transaction ends.
    """
    owners = sorted(reaches)
    rows = await connection.fetch(CHANGED, owners, [reaches[owner] for owner in owners])
    return {row["user_id"]: row["version"] for row in rows}


async def _was_cut(connection: Connection, owners: Collection[UUID]) -> None:
    """Events of these users are gone: what was folded before is no base any more."""
    for owner in sorted(owners):
        await connection.execute(CUT, [owner])


@dataclass(frozen=True, slots=True)
class Remembered:
    """Events of a user: all, or those that came after the version that was asked for; still as text.

    Decoding a whole history takes a while: that is for a thread.
    """

    version: int
    whole: bool
    texts: Sequence[str]

    def events(self) -> Iterator[AcceptedEvent]:
        return (decode_accepted(text.encode()) for text in self.texts)


class Memory:
    """The read store that a follower fills."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def batch(self, devices: Collection[UUID]) -> AsyncIterator[MemoryBatch]:
        """A transaction with the positions of these devices locked."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await locked(connection, LOCK_APPLIED, MAKE_APPLIED, sorted(devices))
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
            gone = await connection.fetch(FORGET, ids)
            await _was_cut(connection, {row["user_id"] for row in gone})
            await connection.execute("DELETE FROM applied WHERE device_id = ANY($1)", ids)

    async def forget_everything(self) -> None:
        """Empties the memory, so that comparing heads fills it again from the event store."""
        for some in batched(sorted(await self.all_applied()), FORGOTTEN_AT_ONCE):
            await self.forget(some)

    async def version(self, account: UUID) -> int:
        """Grows with every change of what is remembered of this user; 0 where nothing is."""
        async with own(self._pool, account) as connection:
            return await connection.fetchval("SELECT version FROM trainees WHERE user_id = $1", account) or 0

    async def since(self, account: UUID, version: int) -> Remembered:
        """What came after a version; everything where the memory was cut since."""
        async with own(self._pool, account, "repeatable_read") as connection:
            row = await connection.fetchrow("SELECT version, cut_version FROM trainees WHERE user_id = $1", account)
            if row is None:
                return Remembered(0, True, [])
            whole = version == 0 or row["cut_version"] > version
            rows = await connection.fetch(SINCE, account, 0 if whole else version)
        return Remembered(row["version"], whole, [found["event"] for found in rows])

    async def positions(self, after: UUID, limit: int) -> Sequence[Position]:
        """How far devices with greater ids are, in order of ids."""
        return [Position(**row) for row in await self._pool.fetch(POSITIONS, after, limit)]


def _applied(row: Mapping[str, int | str]) -> Applied:
    return Applied(int(row["sequence"]), Digest.parse(int(row["count"]), str(row["hash"])))
