"""An outbox: what a service has to say is written with what it says it of, and published afterwards, in order.

A service that has one makes the table `outbox (position, topic, key, value, correlation_id)` in a migration.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import asyncpg

from shared.following import patiently
from shared.identity import Effect, WeeklyReportReady
from shared.kafka import Outgoing, Publisher, PublishFailed, trace_headers
from shared.postgres import Pool
from shared.telemetry import correlation_id

PAUSE_SECONDS = 0.2
_PAGE = 500
_PUT = """
INSERT INTO outbox (topic, key, value, correlation_id) SELECT $1, n.key, n.value, $4
FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS n (key, value, number) ORDER BY n.number
"""
_ANY = "SELECT EXISTS (SELECT FROM outbox)"
# One process at a time publishes, so that what it reads first it also says first.
_MY_TURN = "SELECT pg_try_advisory_xact_lock(6034127003)"
_OLDEST = "SELECT position, topic, key, value, correlation_id FROM outbox ORDER BY position LIMIT $1"
_DELETE = "DELETE FROM outbox WHERE position = ANY($1::bigint[])"


async def put(connection: Any, topic: str, records: Sequence[Outgoing], correlation: str | None = None) -> None:
    """Leaves records for the topic in the caller's transaction; they carry its correlation id unless given another."""
    if records:
        keys, values = [record.key for record in records], [record.value for record in records]
        await connection.execute(_PUT, topic, keys, values, correlation or correlation_id.get())


def record_of(said: Effect | WeeklyReportReady) -> Outgoing:
    """What is said of a user, as a record with the user as its key, under the correlation id at hand."""
    headers = trace_headers(correlation_id.get())
    return Outgoing(str(said.user_id).encode(), said.model_dump_json().encode(), headers)


async def publish_for_ever(pool: Pool, publisher: Publisher, passing: tuple[type[Exception], ...]) -> None:
    """Publishes what the outbox holds until cancelled; after a passing fault it is read again."""
    while True:
        if not await patiently(partial(publish_oldest, pool, publisher), (*passing, PublishFailed)):
            await asyncio.sleep(PAUSE_SECONDS)


async def publish_oldest(pool: Pool, publisher: Publisher) -> int:
    """Publishes the oldest records and drops them once the broker has acknowledged them; returns how many.

    Raises:
        PublishFailed
    """
    if not await pool.fetchval(_ANY):
        return 0
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval(_MY_TURN):
            return 0
        rows = await connection.fetch(_OLDEST, _PAGE)
        for topic, records in _by_topic(rows).items():
            await publisher.publish(topic, records)
        if rows:
            await connection.execute(_DELETE, [row["position"] for row in rows])
    return len(rows)


def _by_topic(rows: Sequence[asyncpg.Record]) -> dict[str, list[Outgoing]]:
    found: defaultdict[str, list[Outgoing]] = defaultdict(list)
    for row in rows:
        headers = trace_headers(row["correlation_id"])
        found[row["topic"]].append(Outgoing(row["key"], row["value"], headers))
    return found
