"""The tables of the log file and how an older file becomes today's."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 200

_FIRST = """
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    device_id TEXT NOT NULL,
    user_id TEXT,
    last_sequence INTEGER NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    server_epoch TEXT,
    recovering INTEGER NOT NULL DEFAULT 0,
    pull_cursor TEXT,
    last_verdict TEXT
);
CREATE TABLE events (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    event_type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    payload TEXT NOT NULL,
    device_id TEXT NOT NULL,
    user_id TEXT,
    sequence_number INTEGER NOT NULL CHECK (sequence_number > 0),
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'syncing', 'synced', 'failed')),
    created_at TEXT NOT NULL,
    synced_at TEXT,
    occurred_at TEXT NOT NULL,
    correlation_id TEXT,
    seen TEXT,
    accepted_seen TEXT,
    confirmed INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    replaced_by TEXT,
    UNIQUE (device_id, sequence_number)
);
CREATE INDEX events_unsettled ON events (device_id, sequence_number) WHERE status IN ('pending', 'syncing');
CREATE INDEX events_failed ON events (place) WHERE status = 'failed';
CREATE TABLE pulled_events (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id TEXT NOT NULL,
    sequence_number INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    body TEXT NOT NULL,
    origin_device_id TEXT,
    origin_sequence INTEGER,
    set_aside INTEGER NOT NULL DEFAULT 0,
    UNIQUE (device_id, sequence_number, set_aside)
);
"""
# Up to this place nothing is missing of what was pulled: there a pull came to its end.
_SECOND = "ALTER TABLE identity ADD COLUMN whole_up_to INTEGER NOT NULL DEFAULT 0"
# A copy of what another phone had said is no action of this one's user.
_THIRD = "ALTER TABLE events ADD COLUMN of_another INTEGER NOT NULL DEFAULT 0"
# One entry a version; each brings a file from the version before it to its own.
MIGRATIONS = (_FIRST, _SECOND, _THIRD)


class NewerLog(Exception):
    """The log file was written by a newer version of this program."""


def connect(path: Path) -> sqlite3.Connection:
    """The log file, made or migrated where needed: what is committed to it survives a loss of power."""
    fresh = not path.exists()
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    if fresh:
        path.chmod(0o600)
    return prepared(connection)


def connect_reading(path: Path) -> sqlite3.Connection:
    """The log file for those who only read: as it lies there where nothing can be written, as on a full disk."""
    try:
        return connect(path)
    except sqlite3.OperationalError:
        beside = path.with_name(f"{path.name}-wal")
        if beside.exists() and beside.stat().st_size:
            raise
        as_it_lies = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(as_it_lies, uri=True, isolation_level=None, check_same_thread=False)


def prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    """An open log, in a file or in memory, with today's tables. It must be in autocommit mode."""
    connection.row_factory = sqlite3.Row
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    if _version(connection) != len(MIGRATIONS):
        _migrate(connection)
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for others when it changes the mode, so the first few openers have to."""
    for _ in range(_PATIENCE):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.05)
    connection.execute("PRAGMA journal_mode = WAL")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise NewerLog(f"the log is of version {version}, this program knows {len(MIGRATIONS)}: update it")
        for step in MIGRATIONS[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, one writer at a time: what is read in it still holds when it is written.

    Within another one it is a part of that.
    """
    if connection.in_transaction:
        yield connection
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # SQLite rolls back by itself after some errors, such as a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
