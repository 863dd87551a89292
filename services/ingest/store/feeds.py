"""What the store gives away: heads, ranges and everything, as the JSON lines that they were stored as."""

from collections.abc import AsyncIterator, Iterable
from uuid import UUID

import asyncpg

from services.ingest.store.epochs import server_epoch
from shared.feeds import Head
from shared.postgres import Connection

SNAPSHOT_PAGE = 2_000
# A few events may be as large as many others together.
_FIRST_PAGE = 50
PAGE_BYTES = 8 * 1024 * 1024
"""About as much of events as is in memory at once for one reader."""

_HEAD = """
    SELECT device_id, user_id, last_accepted, accepted_count, encode(digest, 'hex') AS hash FROM devices
    WHERE accepted_count > 0
"""
_HEADS = f"{_HEAD} AND device_id BETWEEN $1 AND $2 ORDER BY device_id LIMIT $3"
_HEADS_OF_USER = f"{_HEAD} AND user_id = ANY (whole_user($1::uuid[])) ORDER BY device_id"
_RANGE = """
    SELECT record FROM (
        SELECT record, sequence_number,
               sum(octet_length(record)) OVER (ORDER BY sequence_number) - octet_length(record) AS before
        FROM (
            SELECT record, sequence_number FROM events WHERE device_id = $1 AND sequence_number BETWEEN $2 AND $3
            ORDER BY sequence_number LIMIT $4
        ) AS found
    ) AS sized WHERE before < $5 ORDER BY sequence_number
"""
_SHARD = """
    SELECT record FROM events
    WHERE (get_byte(uuid_send(device_id), 14) * 256 + get_byte(uuid_send(device_id), 15)) % $2::int = $1::int % $2::int
    ORDER BY device_id, sequence_number
"""
_OF_USERS = "SELECT record FROM events WHERE device_id = ANY ($1::uuid[]) ORDER BY device_id, sequence_number"


def line(server_epoch: UUID, record: str) -> bytes:
    """A stored record with the epoch of today: the value on the topic and one line of every feed."""
    return f'{{"server_epoch":"{server_epoch}",{record[1:]}'.encode()


def lines(server_epoch: UUID, rows: Iterable["asyncpg.Record"]) -> bytes:
    """Records as JSON lines."""
    head = f'{{"server_epoch":"{server_epoch}",'
    return "".join(f"{head}{row['record'][1:]}\n" for row in rows).encode()


class Feeds:
    """Reads for the other services."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def heads(self, first: UUID, last: UUID, limit: int) -> list[Head]:
        """Heads of devices with these ids, both ends included, in order of ids."""
        return [_head(row) for row in await self._connection.fetch(_HEADS, first, last, limit)]

    async def heads_of(self, user_ids: list[UUID]) -> list[Head]:
        """Heads of all devices of a user, by any of its ids, in order of ids."""
        return [_head(row) for row in await self._connection.fetch(_HEADS_OF_USER, user_ids)]

    async def range(self, device_id: UUID, first: int, last: int, limit: int) -> bytes:
        """The first events of the range as JSON lines, in order: as many as `limit` and `PAGE_BYTES` allow, and one."""
        epoch = await server_epoch(self._connection)
        return lines(epoch, await self._connection.fetch(_RANGE, device_id, first, last, limit, PAGE_BYTES))

    async def snapshot(self, shard: int, shards: int) -> AsyncIterator[bytes]:
        """All events of a shard's devices as JSON lines, by device and sequence, as they were at one moment."""
        async for page in self._stream(_SHARD, shard, shards):
            yield page

    async def of_devices(self, device_ids: list[UUID]) -> AsyncIterator[bytes]:
        """All events of some devices as JSON lines."""
        async for page in self._stream(_OF_USERS, device_ids):
            yield page

    async def _stream(self, query: str, *arguments: object) -> AsyncIterator[bytes]:
        epoch = await server_epoch(self._connection)
        async with self._connection.transaction(readonly=True):
            cursor = await self._connection.cursor(query, *arguments)
            count = _FIRST_PAGE
            while rows := await cursor.fetch(count):
                page = lines(epoch, rows)
                count = _next_count(len(rows), len(page))
                yield page


def _next_count(rows: int, size: int) -> int:
    """How many rows to fetch after so many of so many bytes: at most twice as many, as long as they are small."""
    return max(1, min(2 * rows, SNAPSHOT_PAGE, PAGE_BYTES * rows // size))


def _head(row: "asyncpg.Record") -> Head:
    return Head(
        device_id=row["device_id"],
        user_id=row["user_id"],
        last_accepted_sequence=row["last_accepted"],
        count=row["accepted_count"],
        hash=row["hash"],
    )
