"""Where the client keeps its things: one private folder."""

import os
from pathlib import Path

VARIABLE = "HYPERTROPHY_HOME"


class Home:
    """The folder of one device's log. `HYPERTROPHY_HOME` names it; the default is the platform's data folder.

    It is there from now on, unless it is not to be made.
    """

    def __init__(self, folder: Path | None = None, *, make: bool = True) -> None:
        self.folder = folder or default_folder()
        if make:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

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
        return Path(chosen).expanduser().resolve()
    from platformdirs import user_data_path

    return user_data_path("hypertrophy") / "client"
