"""`./hypertrophy backup FILE`: the four databases, of a running stack or of a stopped one."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import to_json

from client.version import version
from deploy.local.folders import default_data_folder
from deploy.local.operations.backup.archive import HEADS, Manifest, pack
from deploy.local.operations.backup.databases import Databases, reachable
from deploy.local.operations.running import AsJson, Data
from deploy.local.output import tell

# auth comes last, so that it knows every user of whom another database holds something.
ORDER = ("coach", "projector", "ingest", "auth")
_HEADS = """
    SELECT device_id, user_id, last_accepted AS last_accepted_sequence, accepted_count AS count,
           encode(digest, 'hex') AS hash
    FROM devices WHERE accepted_count > 0 ORDER BY device_id
"""
_EPOCH = "SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1"


class WillNotWrite(Exception):
    """The backup cannot have this name."""


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Save the four databases in one file. Secrets and the list of erased users are not in it: keep those apart."""
    folder = (data or default_data_folder()).expanduser().resolve()
    target = file.expanduser().resolve()
    check(target, force)
    manifest = asyncio.run(save(folder, target))
    held = f"{manifest.events:,} events of {manifest.devices:,} devices, {target.stat().st_size / 2**20:,.1f} MB"
    tell(manifest, f"{file}: {held}, of epoch {manifest.server_epoch}", as_json)


def check(target: Path, force: bool) -> None:
    """Whether the backup may be written there.

    Raises:
        WillNotWrite
    """
    if not target.parent.is_dir():
        raise WillNotWrite(f"there is no folder {target.parent}")
    if target.is_dir():
        raise WillNotWrite(f"{target} is a folder")
    if target.exists() and not force:
        raise WillNotWrite(f"{target} exists; --force replaces it")


async def save(data: Path, target: Path) -> Manifest:
    """Dumps and packs; the event store and its heads are of one moment."""
    with tempfile.TemporaryDirectory(prefix=".hypertrophy-backup-", dir=target.parent) as name:
        folder = Path(name)
        async with reachable(data) as databases:
            for service in ORDER:
                if service != "ingest":
                    await databases.dump(service, folder / f"{service}.dump")
                else:
                    store = await save_store(databases, folder)
        manifest = Manifest.of(folder, datetime.now(UTC), version(), store)
        pack(folder, manifest, target)
    return manifest


async def save_store(databases: Databases, folder: Path) -> dict[str, Any]:
    """The event store, and beside it the heads that it must have again."""
    async with (
        databases.connection("ingest") as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        await databases.dump("ingest", folder / "ingest.dump", snapshot)
        epoch, heads = await connection.fetchval(_EPOCH), await connection.fetch(_HEADS)
    (folder / HEADS).write_bytes(b"".join(to_json(dict(head)) + b"\n" for head in heads))
    return {"server_epoch": epoch, "devices": len(heads), "events": sum(head["count"] for head in heads)}
