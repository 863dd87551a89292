"""Where the client keeps its things: one private folder."""

import os
from pathlib import Path

VARIABLE = "HYPERTROPHY_HOME"


class NoFolder(Exception):
    """A home that is no folder, or cannot become one."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} cannot hold the log: {reason}; {VARIABLE} names the folder")


class Home:
    """The folder of one device's log. `HYPERTROPHY_HOME` names it; the default is the platform's data folder.

    It is there from now on, unless it is not to be made. Raises NoFolder.
    """

    def __init__(self, folder: Path | None = None, *, make: bool = True) -> None:
        self.folder = folder or default_folder()
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise NoFolder(self.folder, "it is a file")
            if make:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise NoFolder(self.folder, error.strerror or str(error)) from error

    @property
    def log(self) -> Path:
        """The SQLite file with the queue and with what was pulled."""
        return self.folder / "log.sqlite3"

    @property
    def session(self) -> Path:
        """Server, tokens and device secrets."""
        return self.folder / "session.json"

    def lock(self, name: str) -> Path:
        """A file that is locked while a process does what `name` says."""
        return self.folder / f"{name}.lock"


def default_folder() -> Path:
    if chosen := os.environ.get(VARIABLE):
        try:
            return Path(chosen).expanduser().resolve()
        except RuntimeError as error:
            raise NoFolder(Path(chosen), "nobody has that home") from error
    from platformdirs import user_data_path

    return user_data_path("hypertrophy") / "client"
