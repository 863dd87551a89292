"""Where the local run keeps things: downloads in a cache folder, everything that must last in one data folder."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_data_path


def cache_folder() -> Path:
    """The absolute folder for downloads; `HYPERTROPHY_CACHE` overrides the user's own."""
    chosen = os.environ.get("HYPERTROPHY_CACHE")
    return Path(chosen).expanduser().resolve() if chosen else user_cache_path("hypertrophy")


def default_data_folder() -> Path:
    return user_data_path("hypertrophy") / "server"


class NoFolder(Exception):
    """There is a file where a folder has to be."""


def private_folder(path: Path) -> Path:
    """Makes it where it is missing. Raises NoFolder."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError) as error:
        file = next((place for place in path.parents if place.is_file()), path)
        raise NoFolder(f"{file} is a file; --data names a folder") from error
    return path


def restore_folder(data: Path) -> Path:
    """What a restore unpacks and what it replaces; one that was cut off leaves it there."""
    return data / "restore"


def erased_ids_file(data: Path) -> Path:
    """The ids of erased users, beside the data folder: no backup of the folder may bring them back."""
    return data.with_name(f"{data.name}.erased-ids")


def write_private(path: Path, text: str) -> None:
    """Replaces a file that only its owner may read, in one step; it is on disk when this returns."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_text(text)
    flush(partial)
    partial.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Returns when a file's content, or the names in a folder, are on disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_json(path: Path, content: Any) -> None:
    write_private(path, json.dumps(content, indent=2) + "\n")


def secret(folder: Path, name: str) -> str:
    """A random secret that is made once and kept in `folder/secrets`."""
    path = private_folder(folder / "secrets") / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()
