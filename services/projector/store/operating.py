"""What operators see and do, over all users."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.projector.store import effects, generations, identity
from services.projector.store.batch import ProjectorBatch
from services.projector.store.dead_letters import carry_over
from services.projector.store.loading import hold_live, misplaced
from services.projector.store.users import touch
from services.projector.views.rows import generation_of
from shared.digests import EMPTY, Digest
from shared.envelope import decode_accepted
from shared.postgres import Connection

root = identity.root


async def positions(connection: Connection, after: UUID, limit: int) -> list[dict[str, Any]]:
    """Positions of devices with a greater id. Those without a user are of erased ones, whom nobody compares."""
    rows = await connection.fetch(
        "SELECT device_id, user_id, sequence, count, hash FROM applied "
        "WHERE device_id > $1 AND sequence > 0 AND user_id IS NOT NULL ORDER BY device_id LIMIT $2",
        after,
        limit,
    )
    return [dict(row) for row in rows]


async def event_digest(connection: Connection, user_id: UUID | None) -> Digest:
    """The digest of all applied events, or of one user's."""
    owner = None if user_id is None else await identity.root(connection, user_id)
    rows = await connection.fetch(
        "SELECT count, hash FROM applied WHERE user_id IS NOT NULL AND ($1::uuid IS NULL OR user_id = $1)", owner
    )
    return sum((Digest.parse(row["count"], row["hash"]) for row in rows), start=EMPTY)


async def contents(connection: Connection, table: str, user_id: UUID) -> Sequence[str]:
    """All rows of a user in one table of a view."""
    rows = await connection.fetch(f"SELECT content FROM {table} WHERE user_id = $1", user_id)  # noqa: S608
    return [row[0] for row in rows]


async def dead_letters(
    connection: Connection, user_id: UUID | None, device_id: UUID, sequence: int, limit: int
) -> list[dict[str, Any]]:
    """Dead letters after a place, with the events as they were accepted."""
    rows = await connection.fetch(
        "SELECT own_device_id AS device_id, own_sequence AS sequence_number, user_id, entity, entity_id, event_id, "
        "event, reason, state, parked_at FROM dead_letters "
        "WHERE (own_device_id, own_sequence) > ($2, $3) AND ($1::uuid IS NULL OR user_id = $1) "
        "ORDER BY own_device_id, own_sequence LIMIT $4",
        user_id,
        device_id,
        sequence,
        limit,
    )
    return [dict(row) | {"event": json.loads(row["event"])} for row in rows]


async def refused(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Records that are no events, the latest first."""
    rows = await connection.fetch(
        "SELECT id, topic, partition, record_offset, reason, refused_at, length(value) AS bytes FROM refused_records "
        "ORDER BY refused_at DESC LIMIT $1",
        limit,
    )
    return [dict(row) for row in rows]


async def parked_places(connection: Connection) -> list[tuple[UUID, int]]:
    """The places of all parked events."""
    rows = await connection.fetch("SELECT own_device_id, own_sequence FROM dead_letters WHERE state = 'parked'")
    return [(row[0], row[1]) for row in rows]


async def retry(connection: Connection, device_id: UUID, sequence: int) -> str | None:
    """Folds a parked event late, which law 5 makes safe; `applied`, or `parked` again. None where there is none."""
    event = await connection.fetchval(
        "DELETE FROM dead_letters WHERE own_device_id = $1 AND own_sequence = $2 RETURNING event", device_id, sequence
    )
    if event is None:
        return None
    batch = ProjectorBatch(connection, await generation_of(connection), {})
    await batch.fold([decode_accepted(event)])
    await batch.finish()
    await effects.tell(connection, batch.conflicts)
    again = await connection.fetchval(
        "SELECT state FROM dead_letters WHERE own_device_id = $1 AND own_sequence = $2", device_id, sequence
    )
    return "applied" if again is None else "parked"


async def discard(connection: Connection, device_id: UUID, sequence: int) -> str | None:
    """Gives a parked event up: it stays listed and marks nothing as degraded any more. None where there is none."""
    user_id = await connection.fetchval(
        "UPDATE dead_letters SET state = 'discarded' WHERE own_device_id = $1 AND own_sequence = $2 RETURNING user_id",
        device_id,
        sequence,
    )
    if user_id is None:
        return None
    await touch(connection, {user_id})
    return "discarded"


async def roll_back(connection: Connection) -> str | None:
    """Switches to the newest retired generation, after moving what was merged or erased since; its name.

    None where there is none, or only such as another version of the software has to write.
    """
    name: str | None = await connection.fetchval(
        "SELECT name FROM generations WHERE state = 'retired' AND shape = $1 ORDER BY switched_at DESC LIMIT 1",
        generations.shape(),
    )
    if name is not None:
        live = await hold_live(connection)
        await carry_over(connection, live, name)
        await connection.execute("SELECT set_config('search_path', $1 || ', public', true)", name)
        await identity.settle(connection, await misplaced(connection))
        await generations.switch(connection, name)
    return name
