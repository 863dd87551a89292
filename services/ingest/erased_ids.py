"""The list of erased ids outside of the database and its backups: a restored store forgets them again."""

import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from shared.telemetry import log


class ErasedIds:
    """A line each, in a file; without a `path` there is no list."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def add(self, user_ids: Iterable[UUID]) -> None:
        """Adds ids, on disk when it returns."""
        missing = sorted(set(user_ids) - set(self.all()))
        if self._path is None or not missing:
            return
        lines = "".join(f"{user_id}\n" for user_id in missing)
        with self._path.open("a+b") as file:
            # A full disk may have left the beginning of a line, of an id that is added again.
            torn = file.seek(0, os.SEEK_END) and not self._path.read_bytes().endswith(b"\n")
            file.write(b"\n" * torn + lines.encode())
            file.flush()
            os.fsync(file.fileno())

    def all(self) -> list[UUID]:
        """Every id that was ever added."""
        if self._path is None or not self._path.exists():
            return []
        return [user_id for line in self._path.read_text().split() if (user_id := _id_of(line)) is not None]


def _id_of(line: str) -> UUID | None:
    """None for what a write that failed has left: whoever asked for it was not told that it was done."""
    try:
        return UUID(line)
    except ValueError:
        log().warning("torn_line_in_erased_ids", line=line)
        return None
