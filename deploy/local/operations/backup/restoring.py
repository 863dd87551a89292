"""`./hypertrophy restore FILE`: the databases of a backup, under a new epoch.

What clients pulled after the backup they set aside and send again; whoever was erased since is erased again; the topics
are made anew from the stores, and the read models rebuilt.

All of it is made ready beside the present databases, which are then exchanged at one moment: a restore that is cut off
before has changed nothing, and after it only the rebuild is left, which `up` does without.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from deploy.local.engines import SERVICES
from deploy.local.folders import (
    default_data_folder,
    erased_ids_file,
    flush,
    private_folder,
    restore_folder,
    write_private,
)
from deploy.local.operations.backup.archive import manifest_of, unpack
from deploy.local.operations.backup.databases import Databases, alone, claimed
from deploy.local.operations.backup.staging import Begun, begin, exchanged, fill, prove
from deploy.local.operations.rebuilding import work as rebuild
from deploy.local.operations.running import AsJson, Data, operating
from deploy.local.output import print_json, steps
from deploy.local.roles import Roles, product_roles
from deploy.local.stack import Stack
from services.ingest.erased_ids import ErasedIds

_ERASED = "SELECT user_id FROM erased_users"


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
    done = asyncio.run(bring_back(folder, backup, steps(console)))
    if as_json:
        print_json(done)
    else:
        outcome = f"restored {done.events:,} events of {done.devices:,} devices under epoch {done.server_epoch}"
        console.print(outcome, soft_wrap=True)


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
    """Replaces the databases once everything is proven and the epoch has begun in them, then rebuilds the read models.

    Raises:
        BadBackup, StartError, ToolFailed
    """
    with claimed(data), emptied(restore_folder(data)) as folder:
        manifest = unpack(file, folder)
        say(f"the backup of {manifest.made_at:%Y-%m-%d %H:%M} is whole: {manifest.events:,} events")
        async with alone(data) as databases:
            begun = await make_ready(databases, folder, await remember_erased(data, databases), say)
            # The last thing before the exchange counts: old databases with empty topics go on, new ones with old
            # topics would hear of a past that is no more.
            async with exchanged(databases):
                set_topics_aside(data, folder)
    say(f"the databases are exchanged, epoch {begun.server_epoch} has begun with {begun.heads:,} heads")
    say(f"{begun.erased_again} erasures are applied again; rebuilding the read models")
    generation = await rebuilt(data)
    return Restored(begun.server_epoch, manifest.events, manifest.devices, begun.erased_again, generation)


async def make_ready(databases: Databases, folder: Path, erased: Sequence[UUID], say: Callable[[str], None]) -> Begun:
    """The backup's databases beside the present ones, proven, and under the new epoch."""
    for service in SERVICES:
        await fill(databases, service, folder / f"{service}.dump")
        say(f"{service} is loaded")
    await prove(databases, folder)
    return await begin(databases, erased)


@contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    """A private folder without what was in it before, gone at the end."""
    if folder.exists():
        shutil.rmtree(folder)
    try:
        yield private_folder(folder)
    finally:
        shutil.rmtree(folder)


async def remember_erased(data: Path, databases: Databases) -> Sequence[UUID]:
    """Adds whoever is erased now to the list beside the data folder, before the databases that say so are gone;
    returns all of the list."""
    path = erased_ids_file(data)
    known = set(ErasedIds(path).all())
    async with databases.connection("auth") as connection:
        if await connection.fetchval("SELECT to_regclass('erased_users')"):
            known |= {UUID(str(row["user_id"])) for row in await connection.fetch(_ERASED)}
    if known:
        write_private(path, "".join(f"{user_id}\n" for user_id in sorted(known)))
    return sorted(known)


def set_topics_aside(data: Path, folder: Path) -> None:
    """Kafka holds copies only, and offsets into a past that is no more: it starts empty and is filled again."""
    kafka = data / "kafka"
    if (kafka / "log").exists():
        (kafka / "log").rename(folder / "log")
        flush(kafka)


async def rebuilt(data: Path) -> str:
    """The read models, made with the services' HTTP side alone, on a port that nobody knows; their name."""
    roles = Roles(product_roles().http, [])
    async with Stack(data, roles=roles) as stack, operating(stack, patience=600) as operator:
        return str((await rebuild(operator, None)).get("name"))
