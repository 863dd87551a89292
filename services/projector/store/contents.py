"""What single things are shown as: stored rows, as the JSON texts that they are."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.projector.store.reading import Reading

_PROFILE = "SELECT content FROM profiles_projection WHERE user_id = $1"
_GOALS = "SELECT content, goal_id FROM goals_projection WHERE user_id = $1 ORDER BY goal_id"
_WORKOUT = "SELECT content FROM workouts_projection WHERE user_id = $1 AND workout_id = $2"
_SETS = """
SELECT content, set_id FROM sets_projection WHERE user_id = $1 AND workout_id = $2 ORDER BY completed_at, set_id
"""


async def profile(reading: Reading) -> str | None:
    """The user's profile; None where nothing was ever said of it."""
    found: str | None = await reading.one(_PROFILE, reading.user_id)
    return found


async def goals(reading: Reading) -> Sequence[asyncpg.Record]:
    """All goals, each as `content` and `goal_id`."""
    return await reading.rows(_GOALS, reading.user_id)


async def workout(reading: Reading, workout_id: UUID) -> str | None:
    """A workout of the user; None where there is none of this id."""
    found: str | None = await reading.one(_WORKOUT, reading.user_id, workout_id)
    return found


async def sets_of(reading: Reading, workout_id: UUID) -> Sequence[asyncpg.Record]:
    """The workout's sets by the time of their completion, each as `content` and `set_id`."""
    return await reading.rows(_SETS, reading.user_id, workout_id)
