"""What still has to be published, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.ingest.store.feeds import line
from shared.kafka import CORRELATION, TRACEPARENT, Outgoing

ROWS = 1_000

_PENDING = """
    SELECT id, device_id, first, last, correlation_id, traceparent, created_at FROM outbox
    WHERE slot % $2::int = $1::int ORDER BY id LIMIT $3
"""
_RECORDS = """
    SELECT batch.place, event.record FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
        AS batch (device_id, first, last, place)
    CROSS JOIN LATERAL (
        SELECT sequence_number, record FROM events AS stored
        WHERE stored.device_id = batch.device_id AND stored.sequence_number BETWEEN batch.first AND batch.last
        ORDER BY sequence_number OFFSET 0
    ) AS event
    ORDER BY batch.place, event.sequence_number
"""
_WITH_WORK = "SELECT DISTINCT slot % $1::int AS shard FROM (SELECT slot FROM outbox ORDER BY id LIMIT 1000) AS oldest"
_BACKLOG = """
    SELECT (SELECT count(*) FROM outbox) AS batches,
           (SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 FROM outbox ORDER BY id LIMIT 1) AS age
"""
_EPOCH = "SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Page:
    """Outbox rows and the records that they stand for."""

    ids: Sequence[int]
    records: Sequence[Outgoing]
    oldest: datetime


class Outbox:
    """One relay shard's part of the outbox."""

    def __init__(self, connection: asyncpg.Connection, shard: int, shards: int) -> None:
        self._connection = connection
        self._shard = shard
        self._shards = shards

    async def page(self, events: int) -> Page | None:
        """The oldest rows, in order, with about `events` records at most; None where there is nothing."""
        pending = await self._connection.fetch(_PENDING, self._shard, self._shards, ROWS)
        rows = _bounded(pending, events)
        if not rows:
            return None
        epoch: UUID = await self._connection.fetchval(_EPOCH)
        found = await self._connection.fetch(
            _RECORDS, [row["device_id"] for row in rows], [row["first"] for row in rows], [row["last"] for row in rows]
        )
        headers = [_headers(row) for row in rows]
        keys = [str(row["device_id"]).encode() for row in rows]
        records = [
            Outgoing(keys[one["place"] - 1], line(epoch, one["record"]), headers[one["place"] - 1]) for one in found
        ]
        return Page([row["id"] for row in rows], records, rows[0]["created_at"])

    async def delete(self, page: Page) -> None:
        """Forgets what was published."""
        await self._connection.execute("DELETE FROM outbox WHERE id = ANY ($1::bigint[])", page.ids)


async def shards_with_work(connection: asyncpg.Connection, shards: int) -> set[int]:
    """The shards that have something to publish among the oldest rows."""
    return {row["shard"] for row in await connection.fetch(_WITH_WORK, shards)}


async def backlog(connection: asyncpg.Connection) -> tuple[int, float]:
    """How many batches wait, and how long the oldest has, in seconds."""
    row = await connection.fetchrow(_BACKLOG)
    assert row is not None
    return row["batches"], max(0.0, row["age"] or 0.0)


def _bounded(rows: Sequence["asyncpg.Record"], events: int) -> Sequence["asyncpg.Record"]:
    total = 0
    for place, row in enumerate(rows):
        total += row["last"] - row["first"] + 1
        if total > events:
            return rows[: place or 1]
    return rows


def _headers(row: "asyncpg.Record") -> tuple[tuple[str, bytes], ...]:
    pairs = ((CORRELATION, row["correlation_id"]), (TRACEPARENT, row["traceparent"]))
    return tuple((name, value.encode()) for name, value in pairs if value)
