"""The databases of a backup, made ready beside the present ones and exchanged for them at one moment."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from deploy.local.engines import SERVICES
from deploy.local.operations.backup.archive import HEADS, BadBackup
from deploy.local.operations.backup.databases import Databases
from deploy.local.postgres import REPLACED, RESTORED
from services.auth import operating as auth
from services.ingest import operations as ingest
from shared.feeds import Head
from shared.migrations import migrate

_HEADS = """
    SELECT device.device_id, device.user_id, device.last_accepted AS last_accepted_sequence,
           count(event.*) AS count, encode(device.digest, 'hex') AS hash
    FROM devices AS device LEFT JOIN events AS event USING (device_id)
    WHERE device.accepted_count > 0 GROUP BY device.device_id ORDER BY device.device_id
"""


@dataclass(frozen=True)
class Begun:
    """The epoch that the restored databases begin, the heads it kept, and how many users were erased again."""

    server_epoch: UUID
    heads: int
    erased_again: int


def beside(service: str) -> str:
    """The database that is to replace the service's own."""
    return f"{service}_{RESTORED}"


async def fill(databases: Databases, service: str, dump: Path) -> None:
    """Makes the database beside from its dump, at the newest revision."""
    own = databases.owners[service]
    # A fresh server lacks the roles that the dumps grant rights to: migrations make them.
    await migrate(own.render_as_string(hide_password=False), service)
    async with databases.connection(service, "postgres") as connection:
        await connection.execute(f'CREATE DATABASE "{beside(service)}" OWNER "{service}"')
        await connection.execute(f'REVOKE CONNECT ON DATABASE "{beside(service)}" FROM PUBLIC')
    await databases.load(service, beside(service), dump)
    await migrate(own.set(database=beside(service)).render_as_string(hide_password=False), service)


async def prove(databases: Databases, folder: Path) -> None:
    """The event store must have the heads that the backup was made with, and as many events as they count.

    Raises:
        BadBackup
    """
    async with databases.connection("ingest", beside("ingest")) as connection:
        found = [Head(**dict(row)) for row in await connection.fetch(_HEADS)]
    expected = [Head.model_validate_json(line) for line in (folder / HEADS).read_bytes().splitlines()]
    if found != expected:
        raise BadBackup("the restored event store has other heads than the backup; the databases are as they were")


async def begin(databases: Databases, erased: Sequence[UUID]) -> Begun:
    """Begins the epoch beside, after the erased users' events have left the store."""
    async with databases.connection("ingest", beside("ingest")) as connection:
        await connection.execute("SELECT erase_users($1::uuid[])", erased)
        epoch, heads = await ingest.begin_epoch(connection)
    async with databases.connection("auth", beside("auth")) as connection:
        return Begun(epoch, heads, await auth.begin_epoch(connection, erased))


@asynccontextmanager
async def exchanged(databases: Databases) -> AsyncIterator[None]:
    """All of the databases beside are the services' own when the block has ended, or none is. The next start of
    PostgreSQL drops those that are of no use any more."""
    async with databases.connection("auth", "postgres") as connection, connection.transaction():
        for service in SERVICES:
            await connection.execute(f'ALTER DATABASE "{service}" RENAME TO "{service}_{REPLACED}"')
            await connection.execute(f'ALTER DATABASE "{beside(service)}" RENAME TO "{service}"')
        yield
