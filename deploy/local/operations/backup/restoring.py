"""`./hypertrophy restore FILE`: the databases of a backup, under a new epoch.

What clients pulled after the backup they set aside and send again; whoever was erased since is erased again; the topics
are made anew from the stores, and the read models rebuilt.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic_core import to_json
from rich.console import Console

from deploy.local.engines import SERVICES
from deploy.local.folders import default_data_folder, erased_ids_file, write_private
from deploy.local.operations.backup.archive import HEADS, BadBackup, Manifest, manifest_of, unpack
from deploy.local.operations.backup.databases import Databases, alone, claimed
from deploy.local.operations.rebuilding import work as rebuild
from deploy.local.operations.running import AsJson, Data, Operator, operating
from deploy.local.roles import Roles, product_roles
from deploy.local.stack import Stack
from shared.feeds import Head
from shared.migrations import migrate

_ERASED = "SELECT user_id FROM erased_users"
_HEADS = """
    SELECT device.device_id, device.user_id, device.last_accepted AS last_accepted_sequence,
           count(event.*) AS count, encode(device.digest, 'hex') AS hash
    FROM devices AS device LEFT JOIN events AS event USING (device_id)
    WHERE device.accepted_count > 0 GROUP BY device.device_id ORDER BY device.device_id
"""


@dataclass(frozen=True)
class Restored:
    """What a restore came to."""

    server_epoch: UUID
    events: int
    devices: int
    erased_again: int
    generation: str


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.", exists=True, dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the databases are replaced.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Replace the four databases by those of a backup and begin a new epoch. The stack must be stopped."""
    folder = (data or default_data_folder()).expanduser().resolve()
    backup = file.expanduser().resolve()
    if not yes and (folder / "postgres").exists():
        confirm(folder, backup)
    console = Console(highlight=False, stderr=True)
    started = time.monotonic()

    def say(step: str) -> None:
        console.print(f"{time.monotonic() - started:6.1f} s  {step}", markup=False, soft_wrap=True)

    done = asyncio.run(bring_back(folder, backup, say))
    if as_json:
        typer.echo(to_json(done, indent=2).decode())
    else:
        console.print(f"restored {done.events:,} events of {done.devices:,} devices under epoch {done.server_epoch}")


def confirm(data: Path, file: Path) -> None:
    """Asks, unless there is nothing to ask: the file is no backup, or the folder in use.

    Raises:
        BadBackup, StartError, typer.Abort
    """
    manifest = manifest_of(file)
    with claimed(data):
        pass
    what = f"{manifest.events:,} events of {manifest.made_at:%Y-%m-%d %H:%M}"
    typer.confirm(f"Replace all databases in {data} by those of {file} ({what})?", abort=True)


async def bring_back(data: Path, file: Path, say: Callable[[str], None]) -> Restored:
    """Replaces the databases once everything is proven, then begins the epoch.

    Raises:
        BadBackup, StartError, ToolFailed
    """
    with claimed(data), tempfile.TemporaryDirectory(prefix="restore-", dir=data) as name:
        manifest = unpack(file, Path(name))
        say(f"the backup of {manifest.made_at:%Y-%m-%d %H:%M} is whole: {manifest.events:,} events")
        async with alone(data) as databases:
            erased = await remember_erased(data, databases)
            await replace_all(databases, Path(name), say)
            await forget(databases, erased)
        # Kafka holds copies only, and offsets into a past that is no more: it starts empty and is filled again.
        shutil.rmtree(data / "kafka" / "log", ignore_errors=True)
    return await begin(data, manifest, say)


async def remember_erased(data: Path, databases: Databases) -> list[str]:
    """Adds whoever is erased now to the list beside the data folder, before the databases that say so are gone;
    returns all of the list."""
    path = erased_ids_file(data)
    known = set(path.read_text().split()) if path.exists() else set()
    connection = await databases.connect("auth")
    try:
        if await connection.fetchval("SELECT to_regclass('erased_users')"):
            known |= {str(row["user_id"]) for row in await connection.fetch(_ERASED)}
    finally:
        await connection.close()
    if known:
        write_private(path, "".join(f"{user_id}\n" for user_id in sorted(known)))
    return sorted(known)


async def forget(databases: Databases, erased: Sequence[str]) -> None:
    """Takes the erased users' events out of the store before anything of it is published."""
    connection = await databases.connect("ingest")
    try:
        await connection.execute("SELECT erase_users($1::uuid[])", erased)
    finally:
        await connection.close()


async def replace_all(databases: Databases, folder: Path, say: Callable[[str], None]) -> None:
    """Fills new databases beside the old ones, and exchanges them when all are filled and proven."""
    for service in SERVICES:
        # A fresh server lacks the roles that the dumps grant rights to: migrations make them.
        await migrate(databases.owners[service].render_as_string(hide_password=False), service)
        await fill(databases, service, folder / f"{service}.dump")
        say(f"{service} is loaded")
    await prove(databases, folder)
    for service in SERVICES:
        await exchange(databases, service)


async def fill(databases: Databases, service: str, dump: Path) -> None:
    await administer(databases, f'DROP DATABASE IF EXISTS "{service}_restored" WITH (FORCE)')
    await administer(databases, f'CREATE DATABASE "{service}_restored" OWNER "{service}"')
    await administer(databases, f'REVOKE CONNECT ON DATABASE "{service}_restored" FROM PUBLIC')
    await databases.load(service, f"{service}_restored", dump)


async def exchange(databases: Databases, service: str) -> None:
    await administer(databases, f'DROP DATABASE "{service}" WITH (FORCE)')
    await administer(databases, f'ALTER DATABASE "{service}_restored" RENAME TO "{service}"')


async def administer(databases: Databases, statement: str) -> None:
    connection = await databases.connect("auth", "postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def prove(databases: Databases, folder: Path) -> None:
    """The event store must have the heads that the backup was made with, and as many events as they count.

    Raises:
        BadBackup
    """
    connection = await databases.connect("ingest", "ingest_restored")
    try:
        found = [Head(**dict(row)) for row in await connection.fetch(_HEADS)]
    finally:
        await connection.close()
    expected = [Head.model_validate_json(line) for line in (folder / HEADS).read_bytes().splitlines()]
    if found != expected:
        raise BadBackup("the restored event store has other heads than the backup; the databases are as they were")


async def begin(data: Path, manifest: Manifest, say: Callable[[str], None]) -> Restored:
    """The new epoch, with the services' HTTP side alone, on a port that nobody knows."""
    roles = Roles(product_roles().http, [])
    async with Stack(data, roles=roles) as stack, operating(stack, patience=600) as operator:
        epoch = await operator.post("/internal/ingest/epoch")
        say(f"epoch {epoch['server_epoch']} has begun, {epoch['heads']:,} heads are kept")
        await operator.post("/internal/auth/keys/rotate", {"retire_at_once": True})
        erased = await erase_again(data, operator)
        await operator.post("/internal/auth/republish")
        say(f"signing keys are replaced, {erased} erasures applied again; rebuilding the read models")
        generation = await rebuild(operator, None)
    return Restored(UUID(epoch["server_epoch"]), manifest.events, manifest.devices, erased, str(generation.get("name")))


async def erase_again(data: Path, operator: Operator) -> int:
    """Everyone on the list beside the data folder."""
    path = erased_ids_file(data)
    if not path.exists():
        return 0
    answer: dict[str, Any] = await operator.post("/internal/auth/erasures", {"user_ids": path.read_text().split()})
    return int(answer["erased"])
