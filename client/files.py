"""Files that are replaced in one step."""

import os
from pathlib import Path


def replace_file(path: Path, text: str, *, private: bool = False) -> None:
    """Writes a file, which is on the disk when this returns; where that fails, what was there stays as it was.

    A file that is replaced keeps its rights, and a link stays a link. What is `private` is its owner's alone.
    """
    path = path.resolve()
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if path.exists() and not private:
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
