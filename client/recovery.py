"""After the server was restored from a backup: what it lacks of what this log knows. The log's side of it."""

from collections.abc import Iterable
from uuid import UUID

from client.decide import Fork
from client.events import LoggedEvent, PulledEvent
from client.lost import each_once, lost
from client.pulled import PulledLog
from client.queue import EventQueue, logged
from client.schema import transaction
from shared.digests import Digest, digest_of_events

# A refused event is never given back. The server has it still where it has it released, or where it has what came after
# it on that device and no twin's event before that.
_MISSING = """
    SELECT * FROM events AS own WHERE device_id <> ? AND replaced_by IS NULL AND confirmed = 0 AND (
        status = 'synced' OR status = 'failed'
        AND NOT EXISTS (
            SELECT 1 FROM pulled_events AS released WHERE released.origin_device_id = own.device_id
            AND released.origin_sequence = own.sequence_number AND released.set_aside = 0
        ) AND NOT EXISTS (
            SELECT 1 FROM events AS later WHERE later.device_id = own.device_id AND later.confirmed = 1
            AND later.sequence_number > own.sequence_number AND NOT EXISTS (
                SELECT 1 FROM pulled_events AS twin WHERE twin.device_id = own.device_id AND twin.set_aside = 0
                AND twin.sequence_number < later.sequence_number
            )
        )
    ) ORDER BY place
"""


class Recovery:
    """Works on the same file as the queue. Each step is one transaction and may be repeated after a crash."""

    def __init__(self, queue: EventQueue, pulled: PulledLog) -> None:
        self._queue, self._pulled = queue, pulled
        self._connection = queue.connection

    def begin(self, server_epoch: UUID) -> None:
        """Sets aside what was pulled, to pull it again; what was refused is sent again."""
        with transaction(self._connection) as connection:
            connection.execute("UPDATE identity SET server_epoch = ?", [str(server_epoch)])
            self._set_aside()

    def forgotten(self, user_id: UUID) -> None:
        """The server knows neither the user nor the device any more: the log is the new user's, and is sent whole."""
        with transaction(self._connection) as connection:
            self._queue.belong_to(user_id)
            if connection.execute("SELECT 1 FROM events WHERE status IN ('synced', 'failed')").fetchone():
                self._set_aside()

    def renamed(self, old_device: UUID, new_device: UUID, user_id: UUID) -> None:
        """The log goes on as another device of another user, which gets all of it."""
        with transaction(self._connection):
            self.forgotten(user_id)
            self._queue.fork(old_device, new_device, Fork(self._first_unsettled(old_device)))

    def _set_aside(self) -> None:
        for statement in (
            "UPDATE OR REPLACE pulled_events SET set_aside = 1 WHERE set_aside = 0",
            "UPDATE events SET confirmed = 0, accepted_seen = NULL",
            # No digest tells whether they are still in quarantine.
            "UPDATE events SET status = 'pending' WHERE status = 'failed'"
            " AND device_id = (SELECT device_id FROM identity)",
            "UPDATE identity SET recovering = 1, pull_cursor = NULL",
        ):
            self._connection.execute(statement)

    def own_digest(self, device_id: UUID, first: int, last: int) -> Digest:
        """The event digest of the acknowledged own events of the range, both ends included."""
        rows = self._connection.execute(
            "SELECT event_id, sequence_number FROM events WHERE device_id = ? AND status = 'synced'"
            " AND sequence_number BETWEEN ? AND ?",
            [str(device_id), first, last],
        )
        return digest_of_events((UUID(event_id), number) for event_id, number in rows)

    def resend(self, device_id: UUID, ranges: Iterable[tuple[int, int]]) -> None:
        """The acknowledged events of these ranges are sent again."""
        with transaction(self._connection) as connection:
            connection.executemany(
                "UPDATE events SET status = 'pending'"
                " WHERE device_id = ? AND status = 'synced' AND sequence_number BETWEEN ? AND ?",
                [(str(device_id), first, last) for first, last in ranges],
            )

    def missing(self, device_id: UUID) -> tuple[LoggedEvent | PulledEvent, ...]:
        """What the server did not give back: set aside from others, and own events from before a fork."""
        rows = self._connection.execute(_MISSING, [str(device_id)])
        return (*map(logged, rows), *self._pulled.set_aside())

    def restamp(self, missing: Iterable[LoggedEvent | PulledEvent], old_device: UUID, new_device: UUID) -> None:
        """Copies of what is missing become the first events of a new device, followed by what is unsent.

        The recovery goes on: what the server keeps of what they had seen is still to be read.
        """
        events = list(missing)
        own = [(str(event.event_id),) for event in events if isinstance(event, LoggedEvent)]
        with transaction(self._connection) as connection:
            fork = Fork(self._first_unsettled(old_device))
            self._queue.fork(old_device, new_device, fork, each_once(map(lost, events)))
            connection.executemany("UPDATE events SET replaced_by = 'a copy' WHERE event_id = ?", own)
            connection.execute("DELETE FROM pulled_events WHERE set_aside = 1")

    def _first_unsettled(self, device_id: UUID) -> int:
        found = self._connection.execute(
            "SELECT coalesce(min(sequence_number), (SELECT last_sequence + 1 FROM identity)) FROM events"
            " WHERE device_id = ? AND status IN ('pending', 'syncing')",
            [str(device_id)],
        )
        return int(found.fetchone()[0])

    def finish(self) -> None:
        """Everything that was set aside is on the server again, in one form or another."""
        with transaction(self._connection) as connection:
            connection.execute("DELETE FROM pulled_events WHERE set_aside = 1")
            connection.execute("UPDATE identity SET recovering = 0")
