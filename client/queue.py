"""The log of this device's own events, and which of them the server has not settled yet."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from client.decide import Fork, Judged, View, restamp, with_marks_of
from client.events import Draft, LoggedEvent, PulledEvent, Seen, Status, parse_seen
from client.ids import new_id
from client.lost import Lost, copies
from client.schema import connect, prepared, transaction
from client.wording import counted
from shared.digests import EMPTY, Digest, event_digest
from shared.values import format_moment

BATCH = 500
BATCH_BYTES = 900_000
_UNSETTLED = "status IN ('pending', 'syncing')"
# What the server refused, and has not released since.
_REFUSED = """
    status = 'failed' AND replaced_by IS NULL AND NOT EXISTS (
        SELECT 1 FROM pulled_events AS released WHERE released.origin_device_id = events.device_id
        AND released.origin_sequence = events.sequence_number AND released.set_aside = 0
    )
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose log this is. `user_id` and `server_epoch` are None until a server was met.

    `recovering` holds from the meeting with a restored server until everything that it lacks was sent again.
    """

    device_id: UUID
    user_id: UUID | None
    last_sequence: int
    server_epoch: UUID | None
    recovering: bool
    pull_cursor: str | None
    last_verdict: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What to send next, and what the log knew when it was read."""

    view: View
    events: tuple[LoggedEvent, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many events are in each status; `oldest` is when the oldest unsettled one was logged."""

    pending: int
    synced: int
    failed: int
    oldest: str | None


class NotRefused(Exception):
    """No refused event with this id waits to be corrected or given up."""


def _now() -> datetime:
    return datetime.now(UTC)


class EventQueue:
    """Events in the order in which they happened here. What `append` returned survives a loss of power.

    Acknowledged events are kept: a server that was restored from a backup may need them again.
    Several processes may use the same file.
    """

    def __init__(
        self, log: Path | sqlite3.Connection, now: Callable[[], datetime] = _now, ids: Callable[[], UUID] = new_id
    ) -> None:
        self.connection = connect(log) if isinstance(log, Path) else prepared(log)
        self._now, self._ids = now, ids
        self._introduce()

    def _introduce(self) -> None:
        if self.connection.execute("SELECT 1 FROM identity").fetchone() is None:
            self.connection.execute("INSERT OR IGNORE INTO identity (one, device_id) VALUES (1, ?)", [str(self._ids())])

    def close(self) -> None:
        self.connection.close()

    @property
    def identity(self) -> Identity:
        row = self.connection.execute("SELECT * FROM identity").fetchone()
        return Identity(
            UUID(row["device_id"]),
            _uuid(row["user_id"]),
            row["last_sequence"],
            _uuid(row["server_epoch"]),
            bool(row["recovering"]),
            row["pull_cursor"],
            row["last_verdict"],
        )

    def append(self, drafts: Iterable[Draft]) -> tuple[LoggedEvent, ...]:
        """Logs what happened, all or nothing, with the next numbers of this device."""
        drafts, created_at = list(drafts), format_moment(self._now())
        with transaction(self.connection):
            identity = self.identity
            seen = self.seen(identity.device_id) if any(draft.is_edit for draft in drafts) else {}
            events = tuple(
                self._logged(draft, identity.device_id, number, seen)
                for number, draft in enumerate(drafts, start=identity.last_sequence + 1)
            )
            insert(self.connection, events, identity.user_id, created_at)
            self.connection.execute("UPDATE identity SET last_sequence = last_sequence + ?", [len(events)])
        return events

    def _logged(self, draft: Draft, device_id: UUID, number: int, seen: Seen) -> LoggedEvent:
        return LoggedEvent(
            event_id=self._ids(),
            event_type=draft.event.event_type,
            schema_version=draft.event.schema_version,
            payload=draft.payload,
            device_id=device_id,
            sequence_number=number,
            occurred_at=format_moment(draft.occurred_at),
            correlation_id=draft.correlation_id,
            seen=seen if draft.is_edit else {},
        )

    def seen(self, device_id: UUID) -> Seen:
        """What this device knows of all others, and of what it was before it forked; but of what a restored server had
        lost, it has only the copies.

        A released event may come in an earlier page than what its device said before it: until a pull has come to its
        end, it does not speak for that.
        """
        rows = self.connection.execute(
            "SELECT device_id, max(sequence_number) FROM pulled_events WHERE device_id <> :own GROUP BY device_id"
            " UNION ALL SELECT origin_device_id, max(origin_sequence) FROM pulled_events"
            " WHERE origin_device_id <> :own AND place <= (SELECT whole_up_to FROM identity) GROUP BY origin_device_id"
            " UNION ALL SELECT device_id, max(sequence_number) FROM events"
            " WHERE device_id <> :own AND status = 'synced' AND replaced_by IS NULL GROUP BY device_id",
            {"own": str(device_id)},
        )
        seen: dict[UUID, int] = {}
        for device, number in rows:
            seen[UUID(device)] = max(number, seen.get(UUID(device), 0))
        return seen

    def take(self, limit: int = BATCH, most_bytes: int = BATCH_BYTES) -> Batch:
        """The next unsettled events in order, at least one where there is any; they are `syncing` from now on."""
        with transaction(self.connection):
            identity = self.identity
            own = str(identity.device_id)
            rows = self.connection.execute(
                f"SELECT * FROM events WHERE device_id = ? AND {_UNSETTLED} ORDER BY sequence_number LIMIT ?",  # noqa: S608 a constant
                [own, limit],
            )
            events = tuple(_within(map(logged, rows), most_bytes))
            numbers = [(own, event.sequence_number) for event in events]
            self.connection.executemany(
                "UPDATE events SET status = 'syncing' WHERE device_id = ? AND sequence_number = ?", numbers
            )
            least = self.connection.execute("SELECT min(sequence_number) FROM events WHERE device_id = ?", [own])
            first_kept = least.fetchone()[0] or identity.last_sequence + 1
        view = View(identity.device_id, first_kept, identity.last_sequence, identity.server_epoch)
        return Batch(view, events)

    def settle(self, batch: Batch, judged: Judged) -> None:
        """Writes the verdicts down."""
        device_id, now = str(batch.view.device_id), format_moment(self._now())
        with transaction(self.connection):
            self.connection.executemany(
                "UPDATE events SET status = 'synced', synced_at = coalesce(synced_at, ?), reason = NULL,"
                " replaced_by = NULL"
                " WHERE device_id = ? AND sequence_number = ?",
                [(now, device_id, number) for number in judged.synced],
            )
            self.connection.executemany(
                "UPDATE events SET status = 'failed', synced_at = ?, reason = ?"
                " WHERE device_id = ? AND sequence_number = ?",
                [(now, failure.reason, device_id, failure.sequence_number) for failure in judged.failed],
            )

    def resend_from(self, device_id: UUID, number: int) -> None:
        """Everything from this number on is sent again, refused numbers included."""
        self.connection.execute(
            "UPDATE events SET status = 'pending' WHERE device_id = ? AND sequence_number >= ?",
            [str(device_id), number],
        )

    def fork(self, old_device: UUID, new_device: UUID, fork: Fork, lost: Sequence[Lost] = ()) -> None:
        """This log goes on as another device: first with copies of what the server lost, then with what is unsent.

        Does nothing when the log has left the old device already.
        """
        with transaction(self.connection):
            identity = self.identity
            if identity.device_id != old_device:
                return
            copied = copies(lost, new_device, 1, self._ids)
            unsent = self._unsettled(old_device)
            moved = restamp(unsent, fork, old_device, new_device, self._ids, first_number=len(copied) + 1)
            renamed = {item.event.event_id: copy.event_id for item, copy in copied}
            renamed |= {old.event_id: new.event_id for old, new in zip(unsent, moved, strict=True)}
            events = with_marks_of(renamed, (*(copy for _, copy in copied), *moved))
            insert(self.connection, events[: len(copied)], identity.user_id, format_moment(self._now()))
            self._restamp(unsent, events[len(copied) :])
            self.connection.executemany(
                "UPDATE events SET of_another = 1 WHERE event_id = ?",
                [(str(copy.event_id),) for item, copy in copied if isinstance(item.event, PulledEvent)],
            )
            self.connection.execute(
                "UPDATE identity SET device_id = ?, last_sequence = ?, pull_cursor = NULL",
                [str(new_device), len(copied) + len(moved)],
            )

    def _restamp(self, before: Sequence[LoggedEvent], after: Sequence[LoggedEvent]) -> None:
        self.connection.executemany(
            "UPDATE events SET event_id = ?, device_id = ?, sequence_number = ?, correlation_id = ?, seen = ?,"
            " accepted_seen = NULL, status = 'pending' WHERE event_id = ?",
            [
                (
                    str(new.event_id),
                    str(new.device_id),
                    new.sequence_number,
                    _id_text(new.correlation_id),
                    _seen_text(new.seen),
                    str(old.event_id),
                )
                for old, new in zip(before, after, strict=True)
            ],
        )

    def _unsettled(self, device_id: UUID) -> tuple[LoggedEvent, ...]:
        rows = self.connection.execute(
            f"SELECT * FROM events WHERE device_id = ? AND {_UNSETTLED} ORDER BY sequence_number",  # noqa: S608 a constant
            [str(device_id)],
        )
        return tuple(map(logged, rows))

    def belong_to(self, user_id: UUID) -> None:
        """All of the log is this user's, the one that the server knows now."""
        with transaction(self.connection):
            self.connection.execute("UPDATE identity SET user_id = ?", [str(user_id)])
            self.connection.execute("UPDATE events SET user_id = ?", [str(user_id)])

    def remember_epoch(self, server_epoch: UUID) -> None:
        """The first server that this log meets."""
        self.connection.execute("UPDATE identity SET server_epoch = ? WHERE server_epoch IS NULL", [str(server_epoch)])

    def remember_verdict(self, text: str) -> None:
        """What the last attempt to sync came to, for people."""
        self.connection.execute("UPDATE identity SET last_verdict = ?", [f"{format_moment(self._now())} {text}"])

    def replace_failed(self, event_id: UUID, draft: Draft | None) -> LoggedEvent | None:
        """Logs the corrected form of a refused event as a new one, or gives it up where there is none.

        Raises:
            NotRefused: also where another process has dealt with it in the meantime.
        """
        with transaction(self.connection):
            if event_id not in {event.event_id for event in self.failed()}:
                raise NotRefused
            new = self.append([draft])[0] if draft else None
            self.connection.execute(
                "UPDATE events SET replaced_by = ? WHERE event_id = ? AND status = 'failed'",
                [str(new.event_id if new else event_id), str(event_id)],
            )
        return new

    @property
    def standing(self) -> Standing:
        rows = self.connection.execute("SELECT status, count(*) FROM events WHERE replaced_by IS NULL GROUP BY status")
        counts = {Status(status): int(count) for status, count in rows}
        refused = self.connection.execute(f"SELECT count(*) FROM events WHERE {_REFUSED}").fetchone()[0]  # noqa: S608 a constant
        oldest = self.connection.execute(f"SELECT min(created_at) FROM events WHERE {_UNSETTLED}").fetchone()[0]  # noqa: S608 a constant
        pending = counts.get(Status.PENDING, 0) + counts.get(Status.SYNCING, 0)
        return Standing(pending, counts.get(Status.SYNCED, 0), refused, oldest)

    def failed(self) -> tuple[LoggedEvent, ...]:
        """What was refused for good and neither replaced, given up nor released."""
        rows = self.connection.execute(f"SELECT * FROM events WHERE {_REFUSED} ORDER BY place")  # noqa: S608 a constant
        return tuple(map(logged, rows))

    def digests(self) -> dict[UUID, Digest]:
        """The event digest of the acknowledged events of each device that this log was."""
        digests: dict[UUID, Digest] = {}
        rows = self.connection.execute(
            "SELECT device_id, event_id, sequence_number FROM events WHERE status = 'synced' AND replaced_by IS NULL"
        )
        for device, event_id, number in rows:
            digests[UUID(device)] = digests.get(UUID(device), EMPTY) + event_digest(UUID(event_id), number)
        return digests

    def faults(self) -> list[str]:
        """What is wrong with the file itself; nothing, as a rule."""
        broken = [str(row[0]) for row in self.connection.execute("PRAGMA quick_check") if row[0] != "ok"]
        gaps = self.connection.execute(
            "SELECT device_id, max(sequence_number) - min(sequence_number) + 1 - count(*) AS missing"
            " FROM events GROUP BY device_id HAVING missing <> 0"
        )
        return broken + [f"{counted(row['missing'], 'number')} of device {row['device_id']} missing" for row in gaps]

    def events(self) -> Iterator[tuple[LoggedEvent, Seen]]:
        """What counts of the own log, in the order of logging, each with the `seen` that the server keeps of it."""
        for row in self.counting():
            yield logged(row), accepted_seen(row)

    def said_here(self) -> Sequence[LoggedEvent]:
        """The same without copies of what other phones had said: what the user of this one did."""
        return [logged(row) for row in self.counting() if not row["of_another"]]

    def counting(self) -> sqlite3.Cursor:
        """The same as rows, for who does not need the whole events."""
        return self.connection.execute(
            "SELECT * FROM events WHERE status <> 'failed' AND replaced_by IS NULL ORDER BY place"
        )


def insert(
    connection: sqlite3.Connection, events: Sequence[LoggedEvent], user_id: UUID | None, created_at: str
) -> None:
    """New rows of the log; within the caller's transaction."""
    connection.executemany(
        "INSERT INTO events (event_id, event_type, schema_version, payload, device_id, user_id, sequence_number,"
        " created_at, occurred_at, correlation_id, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                str(event.event_id),
                event.event_type,
                event.schema_version,
                event.payload,
                str(event.device_id),
                _id_text(user_id),
                event.sequence_number,
                created_at,
                event.occurred_at,
                _id_text(event.correlation_id),
                _seen_text(event.seen),
            )
            for event in events
        ],
    )


def logged(row: sqlite3.Row) -> LoggedEvent:
    """A row of the log."""
    return LoggedEvent(
        event_id=UUID(row["event_id"]),
        event_type=row["event_type"],
        schema_version=row["schema_version"],
        payload=row["payload"],
        device_id=UUID(row["device_id"]),
        sequence_number=row["sequence_number"],
        occurred_at=row["occurred_at"],
        correlation_id=_uuid(row["correlation_id"]),
        seen=parse_seen(json.loads(row["seen"])) if row["seen"] else {},
        status=Status(row["status"]),
        reason=row["reason"],
        created_at=row["created_at"],
    )


def accepted_seen(row: sqlite3.Row) -> Seen:
    """What the event of a row of the log had seen, as the server keeps it."""
    text = row["accepted_seen"] or row["seen"]
    return parse_seen(json.loads(text)) if text else {}


def _within(events: Iterable[LoggedEvent], most_bytes: int) -> Iterator[LoggedEvent]:
    total = 0
    for event in events:
        size = _size(event)
        if total and total + size > most_bytes:
            return
        total += size
        yield event


def _size(event: LoggedEvent) -> int:
    """Bytes in a request, at most: 400 hold the names and ids around a payload, 56 an entry of `seen`."""
    return len(event.payload.encode()) + 400 + 56 * len(event.seen)


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _id_text(value: UUID | None) -> str | None:
    return str(value) if value else None


def _seen_text(seen: Seen) -> str | None:
    return json.dumps({str(device_id): number for device_id, number in seen.items()}) if seen else None
