"""Reads of the history itself: as it was, who changed what, and what an undo starts from."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.projector.domain import EntityKey, Said, entity_of, states
from services.projector.store import history
from services.projector.store.history import key_of, said
from services.projector.store.reading import Reading
from shared.fold import Entity, State
from shared.views.sets import BODY_BASES

_OF_ENTITY = """
SELECT * FROM history WHERE user_id = $1 AND entity_id = $2 ORDER BY received_at, own_device_id, own_sequence, entity
"""
_OF_EVENT = "SELECT * FROM history WHERE user_id = $1 AND event_id = $2 ORDER BY entity, entity_id"
_OF_KIND = """
SELECT DISTINCT entity_id FROM history
WHERE user_id = $1 AND entity = $2 AND ($3::uuid IS NULL OR entity_id > $3) ORDER BY entity_id LIMIT $4
"""
# What a workout's rows follow from.
_OF_WORKOUT = """
SELECT h.* FROM history h WHERE h.user_id = $1 AND h.entity IN ('exercise', 'profile') AND h.occurred_at <= $3
UNION ALL
SELECT h.* FROM history h
WHERE h.user_id = $1 AND h.entity = 'workout' AND h.entity_id = $2 AND h.occurred_at <= $3
UNION ALL
SELECT h.* FROM history h WHERE h.user_id = $1 AND h.entity = 'set' AND h.occurred_at <= $3
  AND h.entity_id = ANY($4::uuid[] || ARRAY(
    SELECT t.set_id FROM sets_projection t WHERE t.user_id = $1 AND t.workout_id = $2))
"""
_OF_SETS = """
SELECT h.* FROM history h WHERE h.user_id = $1 AND h.entity = 'set'
  AND h.entity_id = ANY(ARRAY(SELECT set_id FROM sets_projection WHERE user_id = $1 AND workout_id = $2))
"""
# Where sets of several events were ever said to be, and where they are. One of a single event is where that put it, so
# that of thousands just those with more have to be read.
_SAID_TO_BE = """
SELECT s.entity_id, s.payload ->> 'workout_id' AS said, t.workout_id
FROM history s LEFT JOIN sets_projection t ON t.user_id = s.user_id AND t.set_id = s.entity_id
WHERE s.user_id = $1 AND s.entity = 'set' AND s.entity_id = ANY(ARRAY(
  SELECT m.entity_id FROM history m WHERE m.user_id = $1 AND m.entity = 'set' GROUP BY 1 HAVING count(*) > 1))
"""
# The body's weight is asked for only where a set may have moved it.
_ON_BODY = re.compile("|".join(f'"{basis.value}"' for basis in BODY_BASES))
_OF_BODY = "SELECT * FROM history WHERE user_id = $1 AND entity = 'measurement' AND occurred_at <= $2"


async def of_entity(reading: Reading, entity_id: UUID) -> Sequence[asyncpg.Record]:
    """All events about what bears this id, in the order of their arrival."""
    return await reading.rows(_OF_ENTITY, reading.user_id, entity_id)


async def of_event(reading: Reading, event_id: UUID) -> Sequence[asyncpg.Record]:
    """The entries of all events with this id; several devices may have used it."""
    return await reading.rows(_OF_EVENT, reading.user_id, event_id)


async def of_sets_in(reading: Reading, key: EntityKey) -> Sequence[asyncpg.Record]:
    """All events about the sets of a workout; none where it is something else."""
    return await reading.rows(_OF_SETS, reading.user_id, key.entity_id) if key.entity == "workout" else ()


async def departed_sets(reading: Reading) -> Mapping[UUID, Collection[UUID]]:
    """By workout, the sets that some event says are in it, and that are elsewhere or removed today."""
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for row in await reading.rows(_SAID_TO_BE, reading.user_id):
        said_to_be = row["said"] and UUID(row["said"])  # an event spells ids as its client does
        if said_to_be and said_to_be != row["workout_id"]:
            found[said_to_be].add(row["entity_id"])
    return found


async def around_workout(reading: Reading, workout_id: UUID, departed: Collection[UUID], as_of: datetime) -> State:
    """The state that a workout's rows followed from, folded of just the events that had occurred by then.

    `departed` are the sets that were in it once and are not today.
    """
    rows = list(await reading.rows(_OF_WORKOUT, reading.user_id, workout_id, as_of, list(departed)))
    if any(row["entity"] == "set" and _ON_BODY.search(row["payload"]) for row in rows):
        rows += await reading.rows(_OF_BODY, reading.user_id, as_of)
    found: dict[EntityKey, list[Said]] = {}
    for row in rows:
        found.setdefault(key_of(row), []).append(said(key_of(row), row))
    entities = {key: entity_of(edits) for key, edits in found.items()}
    return states(entities).get(reading.user_id, {})


async def ids_of_kind(reading: Reading, entity: str, after: UUID | None, limit: int) -> Sequence[UUID]:
    """The ids of entities of a kind, after one."""
    rows = await reading.rows(_OF_KIND, reading.user_id, entity, after, limit)
    return [row["entity_id"] for row in rows]


async def entities(reading: Reading, keys: Collection[EntityKey]) -> Mapping[EntityKey, Entity]:
    """The entities of these keys, folded."""
    return (await history.entities(reading.connection, keys)).entities
