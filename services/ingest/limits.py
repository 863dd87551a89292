"""How often one device, one user and one address may ask."""

import time
from dataclasses import dataclass, field

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from services.ingest.settings import Settings
from shared.errors import TooManyRequests


def rate(per_second: float, burst: int) -> RateLimitItem:
    """`burst` requests within the time in which `per_second` allows as many."""
    return RateLimitItemPerSecond(burst, max(1, round(burst / per_second)))


@dataclass
class Limits:
    """Counts in the storage that the settings name: this process's memory, or one that many processes share."""

    settings: Settings
    _limiter: MovingWindowRateLimiter = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self._limiter = MovingWindowRateLimiter(storage_from_string(settings.ingest_limits_storage))
        self._device = rate(settings.ingest_device_rate, settings.ingest_device_burst)
        self._user = rate(settings.ingest_user_rate, settings.ingest_user_burst)
        self._address = rate(settings.ingest_address_rate, settings.ingest_address_burst)

    async def address(self, address: str) -> None:
        """Before anything else is looked at.

        Raises:
            TooManyRequests
        """
        await self._hit(self._address, "address", address)

    async def caller(self, device_id: str, user_id: str) -> None:
        """Once it is known who calls.

        Raises:
            TooManyRequests
        """
        await self._hit(self._device, "device", device_id)
        await self._hit(self._user, "user", user_id)

    async def _hit(self, limit: RateLimitItem, kind: str, name: str) -> None:
        if self.settings.ingest_limits_enabled and not await self._limiter.hit(limit, kind, name):
            window = await self._limiter.get_window_stats(limit, kind, name)
            raise TooManyRequests(f"too many requests of this {kind}", retry_after=window.reset_time - time.time())
