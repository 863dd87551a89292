"""Personal records, made again for just the exercises whose sets changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Numeric, Text, Uuid

from services.projector.tables import Moment, key, view_table
from services.projector.views.sets import MORE_OF_EXERCISE, OTHERS_OF_EXERCISE, set_rows, sets_of
from services.projector.views.view import View
from services.projector.views.work import Mark, Work
from shared.views.records import RecordKind, RecordRow, record_rows
from shared.views.sets import SetRow

NO_LOAD = Decimal(-1)


def _at_load(row: Any) -> Decimal:
    return NO_LOAD if row.load_kg is None else Decimal(row.load_kg)


TABLE = view_table(
    "records_projection",
    key("exercise_id", Uuid),
    key("kind", Text),
    Column("at_load", Numeric, primary_key=True, info={"of": _at_load}),
    Column("value", Numeric, nullable=False),
    Column("achieved_at", Moment, nullable=False),
    Column("set_id", Uuid, nullable=False),
    Column("workout_id", Uuid, nullable=False),
)
_STANDING = """
SELECT t.user_id, t.exercise_id, t.kind, t.at_load, t.value, t.achieved_at, t.set_id, t.workout_id
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[]) AS m (user_id, exercise_id, kind, at_load)
JOIN records_projection t USING (user_id, exercise_id, kind, at_load)
"""


# The key of a record: its user, exercise, kind and load.
Place = tuple[UUID, UUID, str, Decimal]


class Standing(NamedTuple):
    """A stored record, as far as others are compared with it."""

    value: Decimal
    achieved_at: datetime
    set_id: UUID
    workout_id: UUID


async def refresh(work: Work) -> None:
    others = {(user, exercise_id) for user, (exercise_id, _) in work.marked(OTHERS_OF_EXERCISE)}
    more = {mark for mark in work.marked(MORE_OF_EXERCISE) if (mark[0], mark[1][0]) not in others}
    others |= await _with_more(work, more)
    await _anew(work, others)


async def _anew(work: Work, exercises: set[Mark]) -> None:
    """From the whole history: what held a record may be gone."""
    by = ["user_id", "exercise_id"]
    found = _grouped(await set_rows(work, by, exercises))
    rows = [(user, record) for (user, i), sets in found.items() for record in record_rows(i, sets)]
    await work.replace(TABLE, by, exercises, rows)


async def _with_more(work: Work, more: set[Mark]) -> set[Mark]:
    """Where sets only came in, those and the others of their workouts meet the standing records.

    Returns the exercises for which that is not enough: a standing session went on and ends later, as good as before.
    """
    sessions = {(user, workout_id) for user, (_, workout_id) in more}
    rows = [(user, row) for (user, _), sets in (await sets_of(work, sessions)).items() for row in sets]
    found = _grouped((user, row) for user, row in rows if (user, (row.exercise_id, row.workout_id)) in more)
    claims = {
        (user, exercise_id, record.kind, _at_load(record)): record
        for (user, exercise_id), sets in found.items()
        for record in record_rows(exercise_id, sets)
    }
    standing = await _standing(work, claims.keys())
    better: list[tuple[UUID, RecordRow]] = []
    undecided: set[Mark] = set()
    for place, record in claims.items():
        holder = standing.get(place)
        if holder is not None and _went_on(record, holder):
            undecided.add((place[0], record.exercise_id))
        elif holder is None or _rank(record) > _rank(holder):
            better.append((place[0], record))
    await work.put(TABLE, [(user, record) for user, record in better if (user, record.exercise_id) not in undecided])
    return undecided


async def _standing(work: Work, places: Collection[Place]) -> Mapping[Place, Standing]:
    if not places:
        return {}
    rows = await work.fetch([TABLE], _STANDING, *zip(*places, strict=True))
    return {(user, i, kind, at_load): Standing(*rest) for user, i, kind, at_load, *rest in rows}


def _rank(record: RecordRow | Standing) -> tuple[Decimal, float, int]:
    """Greater is better; of equals the earliest."""
    return record.value, -record.achieved_at.timestamp(), -record.set_id.int


def _went_on(record: RecordRow, holder: Standing) -> bool:
    """Whether the same session holds the record already and ended later than it said."""
    same = record.kind is RecordKind.SESSION_VOLUME and record.workout_id == holder.workout_id
    return same and record.value == holder.value and _rank(record) < _rank(holder)


def _grouped(rows: Iterable[tuple[UUID, SetRow]]) -> Mapping[Mark, list[SetRow]]:
    found: defaultdict[Mark, list[SetRow]] = defaultdict(list)
    for user, row in rows:
        found[user, row.exercise_id].append(row)
    return found


VIEW = View("records", TABLE, refresh)
