"""How often somebody may ask."""

import time

from limits import RateLimitItem
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from shared.errors import TooManyRequests


class Limiter:
    """Counts in the storage that the settings name: this process's memory, or one that many processes share."""

    def __init__(self, storage: str, *, enabled: bool) -> None:
        self._window = MovingWindowRateLimiter(storage_from_string(storage))
        self._enabled = enabled

    async def hit(self, limit: RateLimitItem, *names: str, refusal: str) -> None:
        """Counts one request of what the names are.

        Raises:
            TooManyRequests: when the limit is used up; until when, it says itself.
        """
        if self._enabled and not await self._window.hit(limit, *names):
            window = await self._window.get_window_stats(limit, *names)
            raise TooManyRequests(refusal, retry_after=window.reset_time - time.time())

    async def clear(self, limit: RateLimitItem, *names: str) -> None:
        """Forgets what was counted."""
        await self._window.clear(limit, *names)
