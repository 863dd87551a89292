"""How often one device, one user and one address may ask."""

from limits import RateLimitItem, RateLimitItemPerSecond

from services.ingest.settings import Settings
from shared.limits import Limiter


def rate(per_second: float, burst: int) -> RateLimitItem:
    """`burst` requests within the time in which `per_second` allows as many."""
    return RateLimitItemPerSecond(burst, max(1, round(burst / per_second)))


class Limits:
    """The limits of sync, pull and hints."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = Limiter(settings.ingest_limits_storage, enabled=settings.ingest_limits_enabled)
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
        await self._limiter.hit(limit, kind, name, refusal=f"too many requests of this {kind}")
