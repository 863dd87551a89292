"""How far devices are applied, and the digests of a user."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.projector.store.reading import Reading
from services.projector.views import views
from shared.digests import EMPTY, Digest, digest_of_texts
from shared.postgres import Connection

_OF_USER = "SELECT device_id, sequence, count, hash FROM applied WHERE user_id = $1 AND sequence > 0 ORDER BY device_id"
_PARKED = "SELECT count(*) FROM dead_letters WHERE user_id = $1 AND state = 'parked'"


@dataclass(frozen=True, slots=True)
class DeviceApplied:
    """A device's applied sequence, and the digest of all its events up to there."""

    device_id: UUID
    applied: int
    digest: Digest


async def of_user(reading: Reading) -> Sequence[DeviceApplied]:
    """The applied vector of one user."""
    rows = await reading.rows(_OF_USER, reading.user_id)
    return [DeviceApplied(row[0], row[1], Digest.parse(row[2], row[3])) for row in rows]


def event_digest(devices: Iterable[DeviceApplied]) -> Digest:
    """The digest of all applied events of these devices."""
    return sum((device.digest for device in devices), start=EMPTY)


async def parked(reading: Reading) -> int:
    """How many of the user's events could not be applied."""
    return int(await reading.one(_PARKED, reading.user_id) or 0)


async def digest_read(reading: Reading) -> Digest:
    """The content digest of the user who reads."""
    return await content_digest(reading.connection, reading.user_id)


async def content_digest(connection: Connection, user_id: UUID) -> Digest:
    """The digest of every row of every view of a user, in the generation that the connection has entered (law 9)."""
    digest = EMPTY
    for view in views():
        query = f"SELECT content FROM {view.table.name} WHERE user_id = $1"  # noqa: S608
        digest += digest_of_texts(row[0] for row in await connection.fetch(query, user_id))
    return digest
