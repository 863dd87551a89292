"""What a user's devices read back: their events, digests, and what was refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.digests import MODULUS, Digest
from shared.postgres import Connection

Vector = Mapping[UUID, int]

_DEVICES = """
    SELECT device_id, last_accepted, accepted_count, digest FROM devices
    WHERE user_id = ANY (whole_user($1::uuid[])) ORDER BY device_id
"""
_AFTER = """
    SELECT event.device_id, event.sequence_number, event.record
    FROM unnest($1::uuid[], $2::bigint[]) AS known (device_id, delivered)
    CROSS JOIN LATERAL (
        SELECT * FROM events AS stored
        WHERE stored.device_id = known.device_id AND stored.sequence_number > known.delivered
        ORDER BY sequence_number LIMIT $3
    ) AS event
    ORDER BY event.device_id, event.sequence_number LIMIT $3
"""
# As many rows as a page of so many bytes holds, and at least one; each with how many there were to choose from.
_OF_A_PAGE = """
    SELECT * FROM (
        SELECT *, count(*) OVER () AS found,
               row_number() OVER page = 1 OR sum(octet_length({wide})) OVER page <= ${size} AS fits
        FROM ({rows}) AS listed WINDOW page AS (ORDER BY device_id, sequence_number)
    ) AS sized WHERE fits ORDER BY device_id, sequence_number
"""
# Where a device's events begin that came at that time or later; its end where none did.
_SINCE = """
    SELECT device.device_id, coalesce(
        (SELECT min(sequence_number) - 1 FROM events AS stored
         WHERE stored.device_id = device.device_id AND stored.received_at >= $2),
        device.last_accepted) AS delivered
    FROM devices AS device WHERE device.device_id = ANY ($1::uuid[])
"""
_LATER_HEADS = """
    SELECT device_id, min(last_accepted) AS head FROM epoch_heads
    WHERE epoch_number > $1 AND device_id = ANY ($2::uuid[]) GROUP BY device_id
    HAVING count(*) = (SELECT count(*) FROM server_epochs WHERE number > $1)
"""
_REFUSED = "device_id, sequence_number, event_id, received_at, raw, code, field, message, released_at"
_QUARANTINE = f"""
    SELECT {_REFUSED} FROM quarantined_events WHERE (device_id, sequence_number) > ($1, $2)
    ORDER BY device_id, sequence_number LIMIT $3
"""  # noqa: S608  (constants of this file)
# User by user: left the choice, the planner goes through everybody's in the order that is asked for.
_QUARANTINE_OF = f"""
    SELECT refused.* FROM unnest(whole_user($4::uuid[])) AS someone (id)
    CROSS JOIN LATERAL (
        SELECT {_REFUSED} FROM quarantined_events
        WHERE user_id = someone.id AND (device_id, sequence_number) > ($1, $2)
        ORDER BY device_id, sequence_number LIMIT $3
    ) AS refused
    ORDER BY device_id, sequence_number LIMIT $3
"""  # noqa: S608  (constants of this file)


_AFTER_PAGE = _OF_A_PAGE.format(rows=_AFTER, wide="record", size=4)
_QUARANTINE_PAGE = _OF_A_PAGE.format(rows=_QUARANTINE, wide="raw", size=4)
_QUARANTINE_PAGE_OF = _OF_A_PAGE.format(rows=_QUARANTINE_OF, wide="raw", size=5)
PAGE_BYTES = 1024 * 1024
"""As much of events as a page holds: what is slow to load breaks off, and who pulls in a cellar must come on with every
page."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a page, and whether more follow."""

    shown: Sequence[asyncpg.Record]
    more: bool


NOTHING = Rows((), more=False)


@dataclass(frozen=True, slots=True)
class DeviceDigest:
    """A device's last accepted number and the digest of all its accepted events."""

    device_id: UUID
    last_sequence: int
    digest: Digest


class Pull:
    """Reads for the user of a token: `user_ids` are all its ids."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def devices(self, user_ids: Iterable[UUID]) -> list[DeviceDigest]:
        """All devices of the user and of everyone merged into it, in order of ids."""
        rows = await self._connection.fetch(_DEVICES, list(user_ids))
        return [
            DeviceDigest(
                row["device_id"],
                row["last_accepted"],
                Digest(row["accepted_count"], int.from_bytes(row["digest"], "big")),
            )
            for row in rows
        ]

    async def range_digest(self, device_id: UUID, first: int, last: int) -> Digest:
        """The digest of a device's events of the range, both ends included."""
        row = await self._connection.fetchrow("SELECT * FROM range_digest($1, $2, $3)", device_id, first, last)
        assert row is not None
        return Digest(row["events"], (int(row["high"]) * 2**64 + int(row["low"])) % MODULUS)

    async def after(self, delivered: Vector, limit: int) -> Rows:
        """The next events of each device, by device and sequence."""
        vector = list(delivered.keys()), list(delivered.values())
        return _page(await self._connection.fetch(_AFTER_PAGE, *vector, limit + 1, PAGE_BYTES), limit)

    async def since(self, device_ids: Iterable[UUID], moment: datetime) -> Vector:
        """The vector after which everything received from that moment on follows."""
        rows = await self._connection.fetch(_SINCE, list(device_ids), moment)
        return {row["device_id"]: row["delivered"] for row in rows}

    async def cut(self, delivered: Vector, epoch: UUID) -> Vector:
        """A vector of an older epoch, cut down to what every restore since then found; nothing for one not known."""
        number = await self._connection.fetchval("SELECT number FROM server_epochs WHERE epoch = $1", epoch)
        if number is None:
            return {}
        rows = await self._connection.fetch(_LATER_HEADS, number, list(delivered))
        return {row["device_id"]: min(delivered[row["device_id"]], row["head"]) for row in rows}

    async def quarantine(self, user_ids: Iterable[UUID] | None, after: tuple[UUID, int], limit: int) -> Rows:
        """Refused events of the user, or of all users, by device and sequence."""
        if user_ids is None:
            rows = await self._connection.fetch(_QUARANTINE_PAGE, *after, limit + 1, PAGE_BYTES)
        else:
            rows = await self._connection.fetch(_QUARANTINE_PAGE_OF, *after, limit + 1, list(user_ids), PAGE_BYTES)
        return _page(rows, limit)


def _page(fitting: Sequence[asyncpg.Record], limit: int) -> Rows:
    shown = fitting[:limit]
    return Rows(shown, more=bool(shown) and shown[0]["found"] > len(shown))
