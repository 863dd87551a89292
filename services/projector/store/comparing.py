"""Whether two generations say the same of the same events (law 8)."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table

from services.projector.store.refreshing import Conflicts
from services.projector.views import views
from services.projector.views.rows import rows_by
from services.projector.views.view import View
from shared.digests import Digest
from shared.feeds import Head
from shared.following import batched
from shared.postgres import Connection
from shared.views.conflicts import ConflictRow

USERS_AT_ONCE = 2_000
# Users with equal applied vectors in both, of the same devices: a merge may have moved rows in one alone. Where an
# event is parked in one, the other may know more.
_COMPARABLE = """
SELECT found.user_id, coalesce(u.version, 0) AS version FROM (
  SELECT coalesce(a.user_id, b.user_id) AS user_id FROM {old}.applied a FULL JOIN {new}.applied b USING (device_id)
  GROUP BY 1 HAVING bool_and(
    (a.user_id, a.sequence, a.count, a.hash) IS NOT DISTINCT FROM (b.user_id, b.sequence, b.count, b.hash)
  )
) found LEFT JOIN users u USING (user_id)
WHERE found.user_id IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM {old}.applied a JOIN {new}.applied b USING (device_id)
    WHERE b.user_id = found.user_id AND a.user_id IS DISTINCT FROM b.user_id
  )
  AND NOT EXISTS (SELECT FROM {old}.dead_letters d WHERE d.user_id = found.user_id)
  AND NOT EXISTS (SELECT FROM {new}.dead_letters d WHERE d.user_id = found.user_id)
"""
# A row's content holds its keys. Sums of hashes are made in a third of the time of joining the rows.
_OTHERWISE = """
WITH a AS (SELECT user_id, count(*) AS n, sum(hashtextextended(content, 0)) AS hash FROM {old}.{table}
  WHERE user_id = ANY($1::uuid[]) GROUP BY user_id),
b AS (SELECT user_id, count(*) AS n, sum(hashtextextended(content, 0)) AS hash FROM {new}.{table}
  WHERE user_id = ANY($1::uuid[]) GROUP BY user_id)
SELECT user_id FROM a FULL JOIN b USING (user_id) WHERE (a.n, a.hash) IS DISTINCT FROM (b.n, b.hash)
"""
_DIFFERENT = """
FROM (SELECT * FROM {old}.{table} WHERE user_id = ANY($1::uuid[])) a
FULL JOIN (SELECT * FROM {new}.{table} WHERE user_id = ANY($1::uuid[])) b USING ({keys})
WHERE a.content IS DISTINCT FROM b.content
"""
_NEW_CONFLICTS = """
SELECT user_id, n.content FROM {new}.conflicts_projection n
LEFT JOIN {old}.conflicts_projection o USING (user_id, entity, entity_id, field) WHERE o.content IS NULL
"""
_LOST = """
SELECT event_id, reason FROM {new}.dead_letters AS n WHERE NOT EXISTS (
  SELECT FROM {old}.dead_letters AS o
  WHERE o.own_device_id = n.own_device_id AND o.own_sequence = n.own_sequence
) LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that two generations have otherwise; None where one has it not."""

    view: str
    user_id: UUID
    old: str | None
    new: str | None


async def comparable(connection: Connection, old: str, new: str) -> Mapping[UUID, int]:
    """The users whose rows must be equal, with the version of what they read."""
    rows = await connection.fetch(_COMPARABLE.format(old=old, new=new))
    return {row["user_id"]: row["version"] for row in rows}


async def first_difference(connection: Connection, old: str, new: str, users: Collection[UUID]) -> Difference | None:
    """The first row of these users that the generations have otherwise."""
    async for view, some in _otherwise(connection, old, new, users):
        row = await connection.fetchrow(
            f"SELECT user_id, a.content, b.content {_sql(_DIFFERENT, view.table, old, new)} LIMIT 1", some
        )
        if row is not None:
            return Difference(view.name, row[0], row[1], row[2])
    return None


async def differences(connection: Connection, old: str, new: str, users: Collection[UUID]) -> Mapping[str, int]:
    """How many rows of these users differ, by view; views without differences are left out."""
    counts: dict[str, int] = {}
    async for view, some in _otherwise(connection, old, new, users):
        query = f"SELECT count(*) {_sql(_DIFFERENT, view.table, old, new)}"
        counts[view.name] = counts.get(view.name, 0) + int(await connection.fetchval(query, some))
    return counts


async def _otherwise(
    connection: Connection, old: str, new: str, users: Collection[UUID]
) -> AsyncIterator[tuple[View, list[UUID]]]:
    """The views of which users have other digests, and those users."""
    for some in batched(list(users), USERS_AT_ONCE):
        for view in views():
            if await _exists(connection, f"{old}.{view.table.name}"):
                found = await connection.fetch(_sql(_OTHERWISE, view.table, old, new), some)
                if found:
                    yield view, [row["user_id"] for row in found]


async def first_behind(connection: Connection, name: str, heads: Mapping[UUID, Head]) -> UUID | None:
    """A device whose position is not that of ingest's heads; None where all agree."""
    rows = await connection.fetch(f"SELECT device_id, sequence, count, hash FROM {name}.applied WHERE sequence > 0")  # noqa: S608
    applied = {row[0]: (row[1], Digest.parse(row[2], row[3])) for row in rows}
    wanted = {device: (head.last_accepted_sequence, head.digest) for device, head in heads.items() if head.count}
    different = [device for device in applied.keys() | wanted.keys() if applied.get(device) != wanted.get(device)]
    return min(different, default=None)


@dataclass(frozen=True, slots=True)
class Lost:
    """An event that one generation could not apply and the other did."""

    event_id: UUID
    reason: str


async def first_parked_only_in(connection: Connection, old: str, new: str) -> Lost | None:
    """What the new generation has parked and the old one has not (law 6)."""
    row = await connection.fetchrow(_LOST.format(old=old, new=new))
    return None if row is None else Lost(row["event_id"], row["reason"])


async def new_conflicts(connection: Connection, old: str, new: str) -> Conflicts:
    """The conflicts of the new generation that the old one, where it can say so, has not."""
    if not await _exists(connection, f"{old}.conflicts_projection"):
        return ()
    return await rows_by(connection, ConflictRow, _NEW_CONFLICTS.format(old=old, new=new))


async def _exists(connection: Connection, table: str) -> bool:
    return await connection.fetchval("SELECT to_regclass($1)", table) is not None


def _sql(query: str, table: Table, old: str, new: str) -> str:
    keys = ", ".join(column.name for column in table.primary_key.columns)
    return query.format(old=old, new=new, table=table.name, keys=keys)
