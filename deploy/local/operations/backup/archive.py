"""The backup file: a tar with one dump a database, the heads of the event store, and a manifest that proves them."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from pydantic import ValidationError

from shared.values import Moment, Strict

FORMAT = 1
MANIFEST = "manifest.json"
HEADS = "heads.jsonl"
_BLOCK = 1 << 20


class BadBackup(Exception):
    """The file is no backup of this product, or is damaged."""


class Part(Strict):
    """One file of the backup."""

    bytes: int
    sha256: str


class Manifest(Strict):
    """What a backup says of itself. `devices` and `events` count what the event store held."""

    format: int
    version: str
    made_at: Moment
    server_epoch: UUID
    devices: int
    events: int
    parts: dict[str, Part]

    @classmethod
    def of(cls, folder: Path, made_at: datetime, version: str, store: Mapping[str, Any]) -> Self:
        """The manifest for all files of a folder."""
        parts = {path.name: measured(path) for path in sorted(folder.iterdir())}
        return cls(format=FORMAT, version=version, made_at=made_at, parts=parts, **store)


def measured(path: Path) -> Part:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return Part(bytes=path.stat().st_size, sha256=digest.hexdigest())


def pack(folder: Path, manifest: Manifest, target: Path) -> None:
    """Writes the backup in one step; only its owner may read it, since it holds everything about everybody."""
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2))
    try:
        with open(partial, "xb", opener=_private) as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                for name in (MANIFEST, *manifest.parts):
                    tar.add(folder / name, arcname=name)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def manifest_of(source: Path) -> Manifest:
    """What the file says of itself, unproven.

    Raises:
        BadBackup
    """
    with opened(source) as tar:
        file = tar.extractfile(MANIFEST)
        manifest = Manifest.model_validate_json(file.read() if file else b"")
    if manifest.format != FORMAT:
        raise BadBackup(f"{source} has format {manifest.format}, this version reads {FORMAT}")
    return manifest


def unpack(source: Path, folder: Path) -> Manifest:
    """Unpacks the parts of a backup, and nothing else that the file may hold, and proves each.

    Raises:
        BadBackup
    """
    manifest = manifest_of(source)
    with opened(source) as tar:
        for name, part in manifest.parts.items():
            if Path(name).name != name or "\0" in name:
                raise BadBackup(f"{source} is no backup: {name!r} is not the name of a part")
            path = folder / name
            _copy_out(tar, name, path)
            if measured(path) != part:
                raise BadBackup(f"{source} is damaged: {name} is not what its manifest says")
    return manifest


def _copy_out(tar: tarfile.TarFile, name: str, path: Path) -> None:
    with path.open("wb") as target:
        if (file := tar.extractfile(name)) is not None:
            shutil.copyfileobj(file, target, _BLOCK)


@contextmanager
def opened(source: Path) -> Iterator[tarfile.TarFile]:
    """The file, to be read.

    Raises:
        BadBackup
    """
    try:
        with tarfile.open(source, "r:") as tar:
            yield tar
    except (tarfile.TarError, KeyError, ValidationError) as error:
        raise BadBackup(f"{source} is no backup") from error
    except OSError as error:
        raise BadBackup(f"{source} cannot be read: {error}") from error
