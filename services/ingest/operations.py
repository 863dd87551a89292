"""Operators' work on the event store, for the routes and for commands that have no running service."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from pydantic_core import from_json
from uuid_utils.compat import uuid7

from services.ingest.domain import Refusal
from services.ingest.door import Draft, write
from services.ingest.reading import reading_of
from services.ingest.store.events import Trace
from services.ingest.store.operations import Operations, Refused
from services.ingest.store.users import Users
from shared.envelope import Origin
from shared.postgres import Connection
from shared.values import format_moment

AT_ONCE = 50
"""Each may be as large as a whole request."""


async def release_quarantine(connection: Connection, now: datetime, trace: Trace) -> tuple[int, int]:
    """Writes what this version of the software can read now as events of the server's device, each with its origin.

    Returns how many were released, and how many stay refused.
    """
    released = kept = 0
    for device_id in await Operations(connection).refused_devices():
        last = 0
        while True:
            async with connection.transaction():
                refused = await Operations(connection).refused(device_id, last, AT_ONCE)
                readable = await _release(connection, device_id, refused, now, trace)
            if not refused:
                break
            released, kept = released + readable, kept + len(refused) - readable
            last = refused[-1].sequence_number
    return released, kept


async def _release(
    connection: Connection, device_id: UUID, refused: Sequence[Refused], now: datetime, trace: Trace
) -> int:
    """How many could be read."""
    readable = {one.sequence_number: draft for one in refused if (draft := _draft(device_id, one))}
    for user_id in {one.user_id for one in refused if one.sequence_number in readable}:
        drafts = [readable[one.sequence_number] for one in refused if _is_of(one, user_id, readable)]
        await write(connection, await Users(connection).root(user_id), drafts, now, trace)
    await Operations(connection).released(device_id, list(readable), now)
    return len(readable)


def _is_of(refused: Refused, user_id: UUID, readable: dict[int, Draft]) -> bool:
    return refused.user_id == user_id and refused.sequence_number in readable


def _draft(device_id: UUID, refused: Refused) -> Draft | None:
    try:
        raw = from_json(refused.raw, allow_inf_nan=False)
    except ValueError:
        return None
    if raw.get("occurred_at") is None:
        raw["occurred_at"] = format_moment(refused.received_at)
    reading = reading_of(raw)
    if isinstance(reading, Refusal):
        return None
    return Draft(uuid7(), raw, reading, Origin(device_id=device_id, sequence_number=refused.sequence_number))


async def begin_epoch(connection: Connection) -> tuple[UUID, int]:
    """After a restore: a new epoch under which everything is published again. Returns it and the heads that it kept."""
    epoch = uuid4()
    async with connection.transaction():
        operations = Operations(connection)
        heads = await operations.begin_epoch(epoch)
        await operations.republish()
    return epoch, heads
