"""What users spent on models: requests of the last minute, tokens of the day."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Literal
from uuid import UUID

from services.coach.store.own import own
from shared.postgres import Pool, affected

Request = Literal["chat", "generation"]
MINUTE = timedelta(minutes=1)
TOKENS = "SELECT input_tokens + output_tokens FROM token_usage WHERE user_id = $1 AND day = $2"
# One request of a kind at a time for each user; what is older than a minute no longer counts.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))"
COUNT = """
WITH gone AS (DELETE FROM model_requests WHERE user_id = $1 AND kind = $2 AND asked_at <= $4)
INSERT INTO model_requests SELECT $1, $2, $3
WHERE (SELECT count(*) FROM model_requests WHERE user_id = $1 AND kind = $2 AND asked_at > $4) < $5
"""
SPEND = """
INSERT INTO token_usage VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, day) DO UPDATE SET
input_tokens = token_usage.input_tokens + excluded.input_tokens,
output_tokens = token_usage.output_tokens + excluded.output_tokens
"""


class Claimed(Enum):
    """Whether a request may be made; it is counted only then."""

    YES = "yes"
    DAY_IS_SPENT = "day"
    MINUTE_IS_FULL = "minute"


class Spending:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, account: UUID, kind: Request, per_minute: int, tokens_a_day: int, at: datetime) -> Claimed:
        """Counts a request where the budgets allow it. Losing the count with the machine does no harm."""
        async with own(self._pool, account, lasting=False) as connection:
            if (await connection.fetchval(TOKENS, account, at.date()) or 0) >= tokens_a_day:
                return Claimed.DAY_IS_SPENT
            await connection.execute(LOCK, f"{account}{kind}")
            counted = await connection.execute(COUNT, account, kind, at, at - MINUTE, per_minute)
            return Claimed.YES if affected(counted) else Claimed.MINUTE_IS_FULL

    async def add_tokens(self, account: UUID, input_tokens: int, output_tokens: int, at: datetime) -> None:
        """Adds what a request has cost to the UTC day."""
        async with own(self._pool, account) as connection:
            await connection.execute(SPEND, account, at.date(), input_tokens, output_tokens)
