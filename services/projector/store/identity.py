"""Merges and erasures: what changes who owns rows, in any order relative to the training events."""

import json
from collections.abc import Collection
from uuid import UUID

from prometheus_client import Counter

from services.projector.store.batch import PERMANENT_FAULTS
from services.projector.store.generations import owned_tables
from services.projector.store.refreshing import Conflicts, rewrite
from services.projector.store.users import lock, touch
from services.projector.tables import APPLIED
from services.projector.views import views
from services.projector.views.rows import generation_of
from shared.postgres import Connection, affected
from shared.telemetry import log
from shared.views.conflicts import ConflictRow

LEFT = Counter("projector_rows_left_total", "Times that rows could not be moved to whom their user was merged into")


async def merge(connection: Connection, from_user_id: UUID, into_user_id: UUID, *, moves: bool = True) -> Conflicts:
    """Makes one user of two: the rows of the one go to the root of the other, where their histories join.

    Unless it `moves` the rows, they stay where they are: in a generation that this software cannot write any more.
    Returns the conflicts that come of it.
    """
    source, target = await _locked_roots(connection, from_user_id, into_user_id)
    if source == target:
        return ()
    await connection.execute("UPDATE aliases SET into_user_id = $2 WHERE into_user_id = $1", source, target)
    await connection.execute("INSERT INTO aliases VALUES ($1, $2)", source, target)
    if moves:
        return await settle_or_leave(connection, {source})
    await touch(connection, {source, target})
    return ()


async def _locked_roots(connection: Connection, first: UUID, second: UUID) -> tuple[UUID, UUID]:
    """The users that two are today, locked; a merge of either may come between looking and locking."""
    roots = (await root(connection, first), await root(connection, second))
    while True:
        await lock(connection, {first, second, *roots})
        again = (await root(connection, first), await root(connection, second))
        if again == roots:
            return roots
        roots = again


async def root(connection: Connection, user_id: UUID) -> UUID:
    """The user that this one was merged into, or itself."""
    found: UUID | None = await connection.fetchval("SELECT into_user_id FROM aliases WHERE from_user_id = $1", user_id)
    return found or user_id


async def settle(connection: Connection, user_ids: Collection[UUID]) -> Conflicts:
    """Brings the generation's rows of these users to where the aliases and erasures say they belong.

    Returns the conflicts that come of it.
    """
    found: list[tuple[UUID, ConflictRow]] = []
    await lock(connection, user_ids)
    for user_id in sorted(user_ids):
        target = await root(connection, user_id)
        if await _erased(connection, target):
            await _erase_rows(connection, {user_id, target})
        elif await _erased(connection, user_id):
            await _erase_rows(connection, {user_id})
        elif target != user_id:
            found += await _move(connection, user_id, target)
    await touch(connection, user_ids)
    return found


async def settle_or_leave(connection: Connection, user_ids: Collection[UUID]) -> Conflicts:
    """The same for users whose rows are locked here. What cannot be made anew of rows is a fault of this software: they
    stay where they are until the worker looks again, so that merges and erasures of others go on.
    """
    found: list[tuple[UUID, ConflictRow]] = []
    await lock(connection, user_ids)
    for user_id in sorted(user_ids):
        try:
            async with connection.transaction():
                found += await settle(connection, {user_id})
        except PERMANENT_FAULTS as error:
            LEFT.inc()
            log().error("rows_not_moved", user_id=str(user_id), exc_info=error)
            await touch(connection, {user_id})
    return found


async def _move(connection: Connection, source: UUID, target: UUID) -> Conflicts:
    for table in ("history", "applied", "dead_letters"):
        await connection.execute(f"UPDATE {table} SET user_id = $2 WHERE user_id = $1", source, target)  # noqa: S608
    for view in views():
        await connection.execute(f"DELETE FROM {view.table.name} WHERE user_id = $1", source)  # noqa: S608
    found = await rewrite(connection, await generation_of(connection), target)
    await touch(connection, {target})
    return found


async def erase(connection: Connection, erasure_id: UUID, user_ids: Collection[UUID]) -> dict[str, int]:
    """Forgets users and everyone merged into them, in every generation that is or was live; returns rows by table."""
    merged = await connection.fetch(
        "SELECT from_user_id FROM aliases WHERE into_user_id = ANY($1::uuid[])", list(user_ids)
    )
    everyone = {*user_ids, *(row["from_user_id"] for row in merged)}
    await lock(connection, everyone)
    await connection.execute(
        "INSERT INTO erased_users (user_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", sorted(everyone)
    )
    counts = await _erase_everywhere(connection, everyone)
    await connection.execute(
        "INSERT INTO erasures (erasure_id, counts) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        erasure_id,
        json.dumps(counts),
    )
    await touch(connection, everyone)
    kept = await connection.fetchval("SELECT counts FROM erasures WHERE erasure_id = $1", erasure_id)
    return dict(json.loads(kept))


async def _erase_everywhere(connection: Connection, user_ids: Collection[UUID]) -> dict[str, int]:
    counts: dict[str, int] = {}
    here = await connection.fetchval("SELECT current_setting('search_path')")
    names = await connection.fetch("SELECT name FROM generations WHERE state IN ('live', 'retired') ORDER BY name")
    for name in (row["name"] for row in names):
        await connection.execute("SELECT set_config('search_path', $1 || ', public', true)", name)
        forgotten = {APPLIED.name: await _delete(connection, APPLIED.name, user_ids)}
        found = forgotten | await _erase_rows(connection, user_ids)
        counts |= {f"{name}.{table}": n for table, n in found.items()}
    await connection.execute("SELECT set_config('search_path', $1, true)", here)
    return counts


async def _erase_rows(connection: Connection, user_ids: Collection[UUID]) -> dict[str, int]:
    """Positions that are here yet stay, without the user, until a comparison finds that the event store has forgotten
    their devices: events of erased users that still come count as applied, and nothing else of them does."""
    names = await owned_tables(connection, await generation_of(connection))
    counts = {name: await _delete(connection, name, user_ids) for name in names if name != APPLIED.name}
    await connection.execute("UPDATE applied SET user_id = NULL WHERE user_id = ANY($1::uuid[])", list(user_ids))
    return counts


async def _delete(connection: Connection, table: str, user_ids: Collection[UUID]) -> int:
    status = await connection.execute(f"DELETE FROM {table} WHERE user_id = ANY($1::uuid[])", list(user_ids))  # noqa: S608
    return affected(status)


async def _erased(connection: Connection, user_id: UUID) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM erased_users WHERE user_id = $1)", user_id))


async def advance(connection: Connection, number: int) -> None:
    """Moves the position over the next identity event; one that comes too early is read again from the feed."""
    await connection.execute("UPDATE identity_position SET number = $1 WHERE number = $1 - 1", number)


async def position(connection: Connection) -> int:
    """Up to where all identity events are applied."""
    return int(await connection.fetchval("SELECT number FROM identity_position"))
