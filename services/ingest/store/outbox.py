"""What still has to be published, in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.ingest.store.feeds import line
from shared.kafka import Outgoing, trace_headers
from shared.postgres import Connection

ROWS = 1_000

PAGE_BYTES = 16 * 1024 * 1024
"""What is published within the time that it may take, whatever devices have sent."""

# The oldest rows up to so many events and bytes, and at least one.
_PAGE = """
    WITH oldest AS (
        SELECT *, sum(last - first + 1) OVER (ORDER BY id) AS total, row_number() OVER (ORDER BY id) AS number
        FROM outbox WHERE slot % $2::int = $1::int ORDER BY id LIMIT $3
    ),
    pending AS (
        SELECT oldest.*, sum(stored.bytes) OVER (ORDER BY id) AS size
        FROM oldest CROSS JOIN LATERAL (
            SELECT coalesce(sum(octet_length(record)), 0) AS bytes FROM events
            WHERE device_id = oldest.device_id AND sequence_number BETWEEN first AND last
        ) AS stored
        WHERE total <= $4 OR number = 1
    )
    SELECT id, device_id, correlation_id, traceparent, created_at,
           (SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1) AS server_epoch,
           ARRAY(
               SELECT record FROM events AS stored
               WHERE stored.device_id = pending.device_id AND stored.sequence_number BETWEEN first AND last
               ORDER BY sequence_number
           ) AS records
    FROM pending WHERE size <= $5 OR number = 1 ORDER BY id
"""
_WITH_WORK = "SELECT DISTINCT slot % $1::int AS shard FROM (SELECT slot FROM outbox ORDER BY id LIMIT 1000) AS oldest"
_BACKLOG = """
    SELECT (SELECT count(*) FROM outbox) AS batches,
           (SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 FROM outbox ORDER BY id LIMIT 1) AS age
"""

# A server whose owner vanished without a word is let go of after about 2 s.
_KEEPALIVE = "SET tcp_keepalives_idle = 1; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 1"
# It writes nothing but deletions of what is published: one that a crash takes back is published twice.
_UNHURRIED = "SET synchronous_commit = off"


@dataclass(frozen=True, slots=True)
class Page:
    """Outbox rows and the records that they stand for."""

    ids: Sequence[int]
    records: Sequence[Outgoing]
    oldest: datetime


class Outbox:
    """One relay shard's part of the outbox."""

    def __init__(self, connection: Connection, shard: int, shards: int) -> None:
        self._connection = connection
        self._shard = shard
        self._shards = shards

    async def page(self, events: int) -> Page | None:
        """The oldest rows, in order, with about `events` records at most; None where there is nothing."""
        rows = await self._connection.fetch(_PAGE, self._shard, self._shards, ROWS, events, PAGE_BYTES)
        if not rows:
            return None
        records = [record for row in rows for record in _outgoing(row)]
        return Page([row["id"] for row in rows], records, rows[0]["created_at"])

    async def delete(self, page: Page) -> None:
        """Forgets what was published."""
        await self._connection.execute("DELETE FROM outbox WHERE id = ANY ($1::bigint[])", page.ids)


async def prepare(connection: Connection) -> None:
    """Makes a session fit for an owner of a shard."""
    await connection.execute(f"{_KEEPALIVE}; {_UNHURRIED}")


async def try_to_own(connection: Connection, shard: int) -> bool:
    """A session lock: it lasts as long as the connection."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock(72374219, $1)", shard))


async def shards_with_work(connection: Connection, shards: int) -> set[int]:
    """The shards that have something to publish among the oldest rows."""
    return {row["shard"] for row in await connection.fetch(_WITH_WORK, shards)}


async def backlog(connection: Connection) -> tuple[int, float]:
    """How many batches wait, and how long the oldest has, in seconds."""
    row = await connection.fetchrow(_BACKLOG)
    assert row is not None
    return row["batches"], max(0.0, row["age"] or 0.0)


def _outgoing(row: "asyncpg.Record") -> Iterator[Outgoing]:
    key, epoch = str(row["device_id"]).encode(), row["server_epoch"]
    headers = trace_headers(row["correlation_id"], row["traceparent"])
    return (Outgoing(key, line(epoch, record), headers) for record in row["records"])
