"""What users spent on models: requests of the last minute, tokens of the day."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.coach.store import Pool

Request = Literal["chat", "generation"]
MINUTE = timedelta(minutes=1)


class Spending:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def tokens(self, account: UUID, at: datetime) -> int:
        """All tokens of the UTC day."""
        spent = await self._pool.fetchval(
            "SELECT input_tokens + output_tokens FROM token_usage WHERE user_id = $1 AND day = $2", account, at.date()
        )
        return spent or 0

    async def claim_request(self, account: UUID, kind: Request, per_minute: int, at: datetime) -> bool:
        """Counts a request; False, and nothing counted, where the minute is full."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", f"{account}{kind}")
            await connection.execute(
                "DELETE FROM model_requests WHERE user_id = $1 AND kind = $2 AND asked_at <= $3",
                account,
                kind,
                at - MINUTE,
            )
            asked = await connection.fetchval(
                "SELECT count(*) FROM model_requests WHERE user_id = $1 AND kind = $2", account, kind
            )
            if asked >= per_minute:
                return False
            await connection.execute("INSERT INTO model_requests VALUES ($1, $2, $3)", account, kind, at)
            return True

    async def add_tokens(self, account: UUID, input_tokens: int, output_tokens: int, at: datetime) -> None:
        """Adds what a request has cost."""
        await self._pool.execute(
            "INSERT INTO token_usage VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, day) DO UPDATE SET"
            " input_tokens = token_usage.input_tokens + excluded.input_tokens,"
            " output_tokens = token_usage.output_tokens + excluded.output_tokens",
            account,
            at.date(),
            input_tokens,
            output_tokens,
        )
