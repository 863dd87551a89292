"""What was pulled of other devices, and what was set aside when a restored server was met."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from uuid import UUID

from client.events import PulledEvent
from client.schema import transaction
from shared.digests import EMPTY, Digest, event_digest


class PulledLog:
    """Events of the user's other devices, in the order in which they were pulled."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def store(self, events: Iterable[PulledEvent], cursor: str, after: str | None, *, more: bool) -> bool:
        """Keeps a page together with the cursor behind it, and whether the server has `more`. Does nothing when another
        process has pulled it already."""
        with transaction(self._connection) as connection:
            own = connection.execute("SELECT pull_cursor FROM identity").fetchone()[0]
            if own != after:
                return False
            for event in events:
                if not self._is_own(event):
                    self._insert(event)
            connection.execute("UPDATE identity SET pull_cursor = ?", [cursor])
            if not more:
                connection.execute(
                    "UPDATE identity SET whole_up_to = (SELECT coalesce(max(place), 0) FROM pulled_events)"
                )
        return True

    def _is_own(self, event: PulledEvent) -> bool:
        """An event of this log, under the same id: from now on it counts, with the `seen` that the server stored.

        The server may have refused or lost it earlier and have got it from a twin since.
        """
        found = self._connection.execute(
            "SELECT seen FROM events WHERE event_id = ? AND device_id = ? AND sequence_number = ?",
            [str(event.event_id), str(event.device_id), event.sequence_number],
        ).fetchone()
        if found is None:
            return False
        accepted = {str(device_id): number for device_id, number in event.seen.items()}
        sent = json.loads(found["seen"]) if found["seen"] else {}
        self._connection.execute(
            "UPDATE events SET status = 'synced', reason = NULL, replaced_by = NULL, confirmed = 1, accepted_seen = ?"
            " WHERE event_id = ?",
            [None if accepted == sent else json.dumps(accepted), str(event.event_id)],
        )
        return True

    def _insert(self, event: PulledEvent) -> None:
        origin = event.origin
        self._connection.execute(
            "INSERT OR IGNORE INTO pulled_events"
            " (device_id, sequence_number, event_id, body, origin_device_id, origin_sequence)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                str(event.device_id),
                event.sequence_number,
                str(event.event_id),
                event.as_stored(),
                str(origin.device_id) if origin else None,
                origin.sequence_number if origin else None,
            ],
        )

    def events(self) -> Iterator[PulledEvent]:
        """All that was pulled, what is set aside included, in the order of pulling."""
        for (body,) in self._connection.execute("SELECT body FROM pulled_events ORDER BY place"):
            yield PulledEvent.parse(json.loads(body))

    def set_aside(self) -> tuple[PulledEvent, ...]:
        """What was pulled before the server was restored and has not come again since."""
        rows = self._connection.execute(
            "SELECT body FROM pulled_events old WHERE set_aside = 1 AND NOT EXISTS (SELECT 1 FROM pulled_events new"
            " WHERE new.device_id = old.device_id AND new.sequence_number = old.sequence_number"
            " AND new.event_id = old.event_id AND new.set_aside = 0) ORDER BY place"
        )
        return tuple(PulledEvent.parse(json.loads(body)) for (body,) in rows)

    def digests(self) -> dict[UUID, Digest]:
        """The event digest of each device, as far as it was pulled."""
        digests: dict[UUID, Digest] = {}
        rows = self._connection.execute(
            "SELECT device_id, event_id, sequence_number FROM pulled_events WHERE set_aside = 0"
        )
        for device, event_id, number in rows:
            device_id = UUID(device)
            digests[device_id] = digests.get(device_id, EMPTY) + event_digest(UUID(event_id), number)
        return digests

    @property
    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM pulled_events").fetchone()[0])
