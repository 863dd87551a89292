"""A transaction of the log: all or nothing, and over when it has failed, in whatever way."""

import sqlite3
import time
from pathlib import Path
from typing import NoReturn
from unittest.mock import Mock
from uuid import UUID

import pytest

from client import schema
from client.ids import new_id
from client.queue import EventQueue
from client.schema import connect_reading, prepared, transaction
from tests.unit.client.test_queue import draft


@pytest.fixture
def queue(tmp_path: Path) -> EventQueue:
    return EventQueue(tmp_path / "log.sqlite3")


def stored(folder: Path) -> list[UUID]:
    """What another process finds in the log."""
    return [event.event_id for event, _ in EventQueue(folder / "log.sqlite3").events()]


def test_a_full_disk_is_reported_and_the_log_goes_on_when_there_is_room(queue: EventQueue, tmp_path: Path) -> None:
    # given a disk with no room for another page
    before = queue.append([draft()])
    pages = queue.connection.execute("PRAGMA page_count").fetchone()[0]
    queue.connection.execute(f"PRAGMA max_page_count = {pages}")

    # when more is logged than there is room for
    with pytest.raises(sqlite3.OperationalError, match="full"):
        queue.append([draft() for _ in range(1_000)])
    # and there is room again
    queue.connection.execute(f"PRAGMA max_page_count = {pages + 1_000}")
    after = queue.append([draft()])

    # then the log holds what was said to be logged, and numbers it without a gap
    assert stored(tmp_path) == [before[0].event_id, after[0].event_id]
    assert after[0].sequence_number == 2


@pytest.fixture
def unwritable(queue: EventQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with one event, on a disk where nothing can be written."""
    queue.append([draft()])
    queue.connection.close()

    def refused(_: Path) -> NoReturn:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(schema, "connect", refused)
    return tmp_path / "log.sqlite3"


def test_a_log_that_cannot_be_written_is_read_as_it_lies(unwritable: Path) -> None:
    assert len(list(EventQueue(connect_reading(unwritable)).events())) == 1


def test_a_log_with_changes_beside_it_is_not_read_without_them(unwritable: Path) -> None:
    unwritable.with_name("log.sqlite3-wal").write_bytes(b"changes")

    with pytest.raises(sqlite3.OperationalError, match="disk"):
        connect_reading(unwritable)


def test_what_time_does_not_mend_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waits"))
    connection = Mock(execute=Mock(side_effect=sqlite3.OperationalError("disk I/O error")))

    with pytest.raises(sqlite3.OperationalError, match="disk"):
        prepared(connection)


def test_a_failed_commit_leaves_no_open_transaction(queue: EventQueue, tmp_path: Path) -> None:
    # given a rule that is checked by COMMIT only, which keeps the transaction open when it is broken
    queue.connection.execute("PRAGMA foreign_keys = ON")
    queue.connection.execute(
        "CREATE TABLE notes (event_id TEXT REFERENCES events (event_id) DEFERRABLE INITIALLY DEFERRED)"
    )

    # when a commit fails
    with pytest.raises(sqlite3.IntegrityError), transaction(queue.connection) as connection:
        connection.execute("INSERT INTO notes VALUES (?)", [str(new_id())])
    # and something is logged afterwards
    (event,) = queue.append([draft()])

    # then the one is undone and the other is stored
    assert queue.connection.execute("SELECT count(*) FROM notes").fetchone()[0] == 0
    assert stored(tmp_path) == [event.event_id]
