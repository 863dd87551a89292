"""Generations: PostgreSQL schemas made from the declared tables, of which one row says which is live (law 8)."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from services.projector.tables import APPLIED, DEAD_LETTERS, HISTORY, NAMES
from services.projector.views import views
from shared.postgres import Connection
from shared.views.whole import FOLD_VERSION, VIEWS_VERSION

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(6034127001)"
_WIDE = frozenset({"content", "payload", "event"})
# The connections share the processors among them already: helpers of each would only write their part to files.
_SORTED_IN_MEMORY = "SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL max_parallel_maintenance_workers = 0"
KEPT = 1
"""How many retired generations stay for a rollback."""


def tables() -> list[Table]:
    """All tables of a generation, those of views from outside the tree too."""
    return [APPLIED, HISTORY, DEAD_LETTERS, *(view.table for view in views())]


async def owned_tables(connection: Connection, name: str) -> list[str]:
    """The tables of a generation that hold rows of users, by what it has: one of another shape has others."""
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' "
        "WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace($1) ORDER BY c.relname",
        name,
    )
    return [row["relname"] for row in rows]


async def ensure_live(connection: Connection) -> str:
    """The live generation's name; the first one is made here, empty, and filled by following.

    `connection` belongs to the owner of the database.
    """
    async with connection.transaction():
        await connection.execute(_ONE_AT_A_TIME)
        live = await live_name(connection)
        if live is None:
            live = await create(connection)
            await secure(connection, live)
            await connection.execute("UPDATE generations SET state = 'live', switched_at = now() WHERE name = $1", live)
            await connection.execute("INSERT INTO live_generation (name) VALUES ($1)", live)
        return live


async def live_name(connection: Connection) -> str | None:
    """The name of the generation that is read."""
    name: str | None = await connection.fetchval("SELECT name FROM live_generation")
    return name


def shape() -> str:
    """What identifies the declared tables and the fields of their rows, which batches read before they write.

    A generation of another shape can be shown, but not written.
    """
    statements = [_sql(CreateTable(table)) for table in _in_schema("g0")]
    return sha256("\n".join([*statements, f"views {VIEWS_VERSION}"]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Fitness:
    """Whether this version of the software may write the live generation, and whether it would write the same rows."""

    writable: bool
    current: bool


async def fitness(connection: Connection) -> Fitness:
    """How the live generation fits this version of the software."""
    row = await connection.fetchrow(
        "SELECT g.shape, g.fold_version FROM generations g JOIN live_generation USING (name)"
    )
    writable = row is not None and row["shape"] == shape()
    return Fitness(writable, writable and row["fold_version"] == FOLD_VERSION)


async def fold_version(connection: Connection, name: str) -> str:
    """The version of the fold that made the generation's rows."""
    return str(await connection.fetchval("SELECT fold_version FROM generations WHERE name = $1", name))


async def create(connection: Connection) -> str:
    """A new, empty generation with its tables; indexes and walls come with `secure`, after a bulk load."""
    number = await connection.fetchval("SELECT coalesce(max(substr(name, 2)::int), 0) + 1 FROM generations")
    name = f"g{number}"
    await connection.execute(
        "INSERT INTO generations (name, fold_version, shape, state) VALUES ($1, $2, $3, 'building')",
        name,
        FOLD_VERSION,
        shape(),
    )
    await connection.execute(f"CREATE SCHEMA {name}")
    for table in _in_schema(name):
        await connection.execute(_sql(CreateTable(table)))
        await connection.execute(f"ALTER TABLE {name}.{table.name} DROP CONSTRAINT {table.name}_pkey")
    return name


async def secure(connection: Connection, name: str) -> None:
    """Indexes, grants and row-level security: the workers see all, the API only what belongs to `app.user_id`."""
    await _admit(connection, name)
    for table in _in_schema(name):
        await _secure(connection, table)


async def secure_loaded(connections: Sequence[Connection], name: str) -> None:
    """The same after a bulk load, over several connections, and has the planner know the rows: all but wide columns,
    by which nothing is ever found.

    Raises:
        asyncpg.PostgresError: the first fault of any of them.
    """
    await _admit(connections[0], name)
    left = iter(_in_schema(name))

    async def work(connection: Connection) -> None:
        for table in left:
            async with connection.transaction():
                await connection.execute(_SORTED_IN_MEMORY)
                await _secure(connection, table)
            columns = ", ".join(column.name for column in table.columns if column.name not in _WIDE)
            await connection.execute(f"ANALYZE {table} ({columns})")

    try:
        async with asyncio.TaskGroup() as working:
            for connection in connections:
                working.create_task(work(connection))
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from None


async def _admit(connection: Connection, name: str) -> None:
    """Lets the services' roles look into the generation; what they see there is up to its tables."""
    await connection.execute(f"GRANT USAGE ON SCHEMA {name} TO projector_worker, projector_api")


async def _secure(connection: Connection, table: Table) -> None:
    keys = ", ".join(column.name for column in table.primary_key.columns)
    await connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({keys})")
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        await connection.execute(_sql(CreateIndex(index)))
    for statement in _walls(str(table)):
        await connection.execute(statement)


def _walls(table: str) -> Iterable[str]:
    mine = "user_id = nullif(current_setting('app.user_id', true), '')::uuid"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO projector_worker"
    yield f"GRANT SELECT ON {table} TO projector_api"
    yield f"CREATE POLICY worker ON {table} TO projector_worker USING (true) WITH CHECK (true)"
    yield f"CREATE POLICY api ON {table} FOR SELECT TO projector_api USING ({mine})"


async def switch(connection: Connection, name: str) -> None:
    """Makes a generation the live one; the caller holds the row of `live_generation`."""
    await connection.execute("UPDATE generations SET state = 'retired' WHERE state = 'live'")
    await connection.execute("UPDATE generations SET state = 'live', switched_at = now() WHERE name = $1", name)
    await connection.execute("UPDATE live_generation SET name = $1", name)


async def drop(connection: Connection, name: str) -> None:
    """Forgets a generation that is not live."""
    await connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    await connection.execute("DELETE FROM generations WHERE name = $1", name)


async def abandon(connection: Connection, name: str) -> None:
    """Drops the rows of a generation that failed, which nobody may read and an erasure would not find; why it failed
    stays on record."""
    if await connection.fetchval("SELECT state FROM generations WHERE name = $1", name) == "failed":
        await connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


async def drop_old(connection: Connection) -> list[str]:
    """Drops all but the newest retired generations, and what failed; returns their names."""
    rows = await connection.fetch(
        "SELECT name FROM generations WHERE state = 'failed' UNION ALL "
        "(SELECT name FROM generations WHERE state = 'retired' ORDER BY switched_at DESC OFFSET $1)",
        KEPT,
    )
    for row in rows:
        await drop(connection, row["name"])
    return [row["name"] for row in rows]


async def note_progress(connection: Connection, name: str, state: str, progress: Mapping[str, Any]) -> None:
    """What an operator sees of a rebuild. One that was switched in does not fail any more."""
    await connection.execute(
        "UPDATE generations SET state = $2, progress = $3 WHERE name = $1 AND state IN ('building', $2)",
        name,
        state,
        json.dumps(progress),
    )


async def listing(connection: Connection) -> list[dict[str, Any]]:
    """All generations, the newest first."""
    rows = await connection.fetch("SELECT * FROM generations ORDER BY created_at DESC")
    return [dict(row) | {"progress": json.loads(row["progress"])} for row in rows]


def _in_schema(name: str) -> list[Table]:
    metadata = MetaData(schema=name, naming_convention=NAMES)
    return [table.to_metadata(metadata) for table in tables()]


def _sql(element: DDLElement) -> str:
    return str(element.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
