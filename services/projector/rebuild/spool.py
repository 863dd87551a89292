"""First half: the feed is ordered by device, the fold goes user by user, so events are sorted into files by user."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from services.projector.settings import Settings
from shared.digests import event_digest
from shared.feeds import IngestFeed
from shared.following import NOTHING_APPLIED, Applied
from shared.http import service_client

BUCKETS = 64


@dataclass(frozen=True)
class Spooled:
    """What a shard held: the position of each of its devices with the user of its last event, and how many events."""

    applied: Mapping[UUID, tuple[Applied, UUID]]
    events: int


def spool_shard(
    settings: Settings, folder: Path, shard: int, shards: int, epoch: UUID, roots: Mapping[str, UUID]
) -> Spooled:
    """Reads one shard of ingest's snapshot into `folder`; runs in a process of its own. `roots` are the aliases.

    Raises:
        httpx2.HTTPError: when the feed breaks off.
    """
    return asyncio.run(_spool(settings, folder, (shard, shards), str(epoch), roots))


async def _spool(
    settings: Settings, folder: Path, shard: tuple[int, int], epoch: str, roots: Mapping[str, UUID]
) -> Spooled:
    sorter = _Sorter(folder, shard[0], epoch, roots)
    async with service_client(settings.ingest_url, settings) as client:
        async for chunk in IngestFeed(client).snapshot(*shard):
            for line in chunk.splitlines():
                if line:
                    sorter.take(line)
    return sorter.finished()


class _Sorter:
    """Appends each event to the file of its user's bucket, and counts positions on the way."""

    def __init__(self, folder: Path, shard: int, epoch: str, roots: Mapping[str, UUID]) -> None:
        self._files: list[BufferedWriter] = [_file(folder, bucket, shard).open("wb") for bucket in range(BUCKETS)]
        self._epoch = epoch
        self._roots = roots
        self._applied: dict[str, tuple[Applied, UUID]] = {}
        self._events = 0

    def take(self, line: bytes) -> None:
        event: Mapping[str, Any] = from_json(line)
        if event["server_epoch"] != self._epoch:
            return
        user_id = self._roots.get(event["user_id"]) or UUID(event["user_id"])
        self._files[user_id.int % BUCKETS].write(line + b"\n")
        at, _ = self._applied.get(event["device_id"], (NOTHING_APPLIED, user_id))
        number: int = event["sequence_number"]
        after = Applied(number, at.digest + event_digest(UUID(event["event_id"]), number))
        self._applied[event["device_id"]] = (after, user_id)
        self._events += 1

    def finished(self) -> Spooled:
        for file in self._files:
            file.close()
        return Spooled({UUID(device): at for device, at in self._applied.items()}, self._events)


def bucket_files(folder: Path, shards: int) -> list[list[Path]]:
    """The files of each bucket, one a shard."""
    return [[_file(folder, bucket, shard) for shard in range(shards)] for bucket in range(BUCKETS)]


def _file(folder: Path, bucket: int, shard: int) -> Path:
    return folder / f"{bucket}-{shard}"
