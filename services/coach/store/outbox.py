"""What coach has to say: written with what it says it of; the shared relay publishes it."""

from shared.dead_letters import dead_letter
from shared.identity import ErasureApplied, MergeApplied, WeeklyReportReady
from shared.kafka import CORRELATION, Record
from shared.outbox import put, record_of
from shared.postgres import Connection, affected
from shared.topics import COACH, DEAD_LETTERS, EFFECTS


async def say(connection: Connection, said: MergeApplied | ErasureApplied | WeeklyReportReady) -> None:
    """Leaves a message for the relay, in the caller's transaction."""
    topic = COACH if isinstance(said, WeeklyReportReady) else EFFECTS
    await put(connection, topic, [record_of(said)])


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
    if affected(parked):
        letter = dead_letter("coach", record, reason)
        await put(connection, DEAD_LETTERS, [letter], record.header(CORRELATION))
