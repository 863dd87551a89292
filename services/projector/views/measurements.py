"""Body measurements. A weight changes the load of later bodyweight sets and the week that it counts in."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Index, Numeric, Text, Uuid

from services.projector.tables import Moment, key, view_table
from services.projector.views.profile import profiles
from services.projector.views.view import View
from services.projector.views.work import Work
from shared.views.measurements import BodyWeights, MeasurementRow, measurement_row

TABLE = view_table(
    "measurements_projection",
    key("measurement_id", Uuid),
    Column("measured_at", Moment, nullable=False),
    Column("week", Text, nullable=False),
    Column("weight_kg", Numeric),
    Index(None, "user_id", "measured_at"),
    Index(None, "user_id", "week"),
)
# From the last weighing before the first moment on. User by user: joined, the planner takes a bound for a third of the
# table.
_WEIGHINGS = """
SELECT m.user_id, t.* FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS m (user_id, first, last)
CROSS JOIN LATERAL (
  SELECT measured_at, measurement_id, weight_kg FROM measurements_projection
  WHERE user_id = m.user_id AND weight_kg > 0 AND measured_at <= m.last AND measured_at >= coalesce((
    SELECT max(measured_at) FROM measurements_projection
    WHERE user_id = m.user_id AND weight_kg > 0 AND measured_at <= m.first
  ), m.first) OFFSET 0
) AS t
"""
BODY_WEIGHT_SINCE = "body weight since"
"""Mark: a moment from which on the body's weight may be another."""


async def refresh(work: Work) -> None:
    found = await work.of_kind("measurement")
    if not found:
        return
    profile_of = await profiles(work, {user for user, _ in found})
    by = ["user_id", "measurement_id"]
    old = await work.rows_of(TABLE, MeasurementRow, by, found.keys())
    made = [(user, measurement_row(i, entity, profile_of[user])) for (user, i), entity in found.items()]
    new = [(user, row) for user, row in made if row is not None]
    await work.replace(TABLE, by, found.keys(), new)
    for user, row in (*old, *new):
        work.mark("week", user, row.week)
    for user, measured_at, *_ in _weighings(old) ^ _weighings(new):
        work.mark(BODY_WEIGHT_SINCE, user, measured_at)


def _weighings(rows: Iterable[tuple[UUID, MeasurementRow]]) -> set[tuple[UUID, datetime, UUID, Decimal]]:
    # Of several at one moment the id decides which counts.
    return {(user, row.measured_at, row.measurement_id, row.weight_kg) for user, row in rows if row.weight_kg}


class StoredWeighing(NamedTuple):
    """A stored measurement as far as sets ask."""

    measured_at: datetime
    measurement_id: UUID
    weight_kg: Decimal | None


async def body_weights(work: Work, moments: Mapping[UUID, Collection[datetime]]) -> Mapping[UUID, BodyWeights]:
    """What each user weighed, as far as these moments ask: from the first to the last of them."""
    if not moments:
        return {}
    bounds = [(user, min(several), max(several)) for user, several in moments.items()]
    found: defaultdict[UUID, list[StoredWeighing]] = defaultdict(list)
    for user, *weighing in await work.fetch([TABLE], _WEIGHINGS, *zip(*bounds, strict=True)):
        found[user].append(StoredWeighing(*weighing))
    return {user: BodyWeights(found[user]) for user in moments}


VIEW = View("measurements", TABLE, refresh)
