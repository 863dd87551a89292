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
        text = self._text()
        missing = sorted(set(user_ids) - set(_ids_in(text)))
        if self._path is None or not missing:
            return
        # A full disk may have left the beginning of a line, of an id that is added again.
        torn = text != "" and not text.endswith("\n")
        with self._path.open("a") as file:
            file.write("\n" * torn + "".join(f"{user_id}\n" for user_id in missing))
            file.flush()
            os.fsync(file.fileno())

    def all(self) -> list[UUID]:
        """Every id that was ever added."""
        return _ids_in(self._text())

    def _text(self) -> str:
        return self._path.read_text() if self._path is not None and self._path.exists() else ""


def _ids_in(text: str) -> list[UUID]:
    return [user_id for line in text.split() if (user_id := _id_of(line)) is not None]


def _id_of(line: str) -> UUID | None:
    """None for what a write that failed has left: whoever asked for it was not told that it was done."""
    try:
        return UUID(line)
    except ValueError:
        log().warning("torn_line_in_erased_ids", line=line)
        return None
