"""What the machine itself can do: COPY of the same rows into the same table, one connection, every commit flushed."""

import statistics
import time

import asyncpg

from shared.postgres import connect

ROWS = 100_000
TIMES = 3
TABLE = "bench_copy"


async def copy_limit(url: str) -> float:
    """Rows a second, from rows that the event store holds already; the median of three."""
    connection = await connect(url)
    try:
        rows = await connection.fetch("SELECT * FROM events LIMIT $1", ROWS)
        return len(rows) / statistics.median([await copy_once(connection, rows) for _ in range(TIMES)])
    finally:
        await connection.close()


async def copy_once(connection: "asyncpg.Connection[asyncpg.Record]", rows: list[asyncpg.Record]) -> float:
    """Seconds for all rows, the commit included."""
    await connection.execute(f"CREATE TABLE {TABLE} (LIKE events INCLUDING ALL)")
    try:
        started = time.perf_counter()
        await connection.copy_records_to_table(TABLE, records=rows, columns=list(rows[0].keys()))
        return time.perf_counter() - started
    finally:
        await connection.execute(f"DROP TABLE {TABLE}")


async def outbox_is_empty(url: str) -> bool:
    """Whether the relay has published everything that is acknowledged."""
    connection = await connect(url)
    try:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)")
    finally:
        await connection.close()
