"""What coach has to say: written with what it says it of, published afterwards, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import to_json

from services.coach.store import Connection, Pool
from shared.identity import ErasureApplied, MergeApplied, WeeklyReportReady
from shared.kafka import CORRELATION, Record
from shared.telemetry import correlation_id
from shared.topics import COACH, DEAD_LETTERS, EFFECTS

SAY = "INSERT INTO outbox (topic, key, value, correlation_id) VALUES ($1, $2, $3, $4)"


@dataclass(frozen=True, slots=True)
class Message:
    """One unpublished record."""

    position: int
    topic: str
    key: bytes
    value: bytes
    correlation_id: str


async def say(connection: Connection, said: MergeApplied | ErasureApplied | WeeklyReportReady) -> None:
    """Leaves a message for the relay, in the caller's transaction."""
    topic = COACH if isinstance(said, WeeklyReportReady) else EFFECTS
    value = said.model_dump_json().encode()
    await connection.execute(SAY, topic, str(said.user_id).encode(), value, correlation_id.get())


async def park(connection: Connection, record: Record, reason: str) -> None:
    """Keeps a record that cannot be read, and says so on the dead letter topic; again changes nothing."""
    parked = await connection.execute(
        'INSERT INTO dead_letters (topic, partition, "offset", key, value, reason) VALUES ($1, $2, $3, $4, $5, $6)'
        " ON CONFLICT DO NOTHING",
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        reason,
    )
    if parked == "INSERT 0 1":
        await connection.execute(SAY, DEAD_LETTERS, record.key, dead_letter(record, reason), record.header(CORRELATION))


def dead_letter(record: Record, reason: str) -> bytes:
    """The value on the dead letter topic: the record, its place and the reason; bytes that are no UTF-8 are escaped."""
    return to_json(
        {
            "service": "coach",
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "reason": reason,
            "value": record.value.decode("utf-8", "backslashreplace"),
        }
    )


class Outbox:
    """The relay's side of the outbox."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def unpublished(self, limit: int = 500) -> Sequence[Message]:
        """The oldest messages."""
        rows = await self._pool.fetch(
            "SELECT position, topic, key, value, correlation_id FROM outbox ORDER BY position LIMIT $1", limit
        )
        return [Message(**row) for row in rows]

    async def published(self, messages: Sequence[Message]) -> None:
        """Drops what the broker has acknowledged."""
        positions = [message.position for message in messages]
        await self._pool.execute("DELETE FROM outbox WHERE position = ANY($1)", positions)
