"""How often one address, or one account, may try."""

import time
from dataclasses import dataclass, field

from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from services.auth.settings import Settings
from services.auth.store.users import email_key
from shared.errors import TooManyRequests


@dataclass
class Throttle:
    """Counts in the storage that the settings name."""

    settings: Settings
    _limiter: MovingWindowRateLimiter = field(init=False)

    def __post_init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(storage_from_string(self.settings.auth_limits_storage))

    async def devices(self, address: str) -> None:
        """Each new device counts."""
        await self._hit(parse(self.settings.auth_limit_devices), "devices", address)

    async def account(self, email: str) -> None:
        """Before a password of this account is tried; an unknown address counts alike."""
        await self._hit(parse(self.settings.auth_limit_accounts), "account", email_key(email))

    async def account_proven(self, email: str) -> None:
        """After the right password: only what fails in a row counts."""
        await self._limiter.clear(parse(self.settings.auth_limit_accounts), "account", email_key(email))

    async def mails(self, email: str) -> None:
        """Before a mail that was asked for is written to this address; an unknown address counts alike."""
        await self._hit(parse(self.settings.auth_limit_mails), "mails", email_key(email))

    async def address(self, address: str) -> None:
        """Before a password or a code is tried from this address."""
        await self._hit(parse(self.settings.auth_limit_addresses), "address", address)

    async def _hit(self, limit: RateLimitItem, *names: str) -> None:
        """Raises TooManyRequests when the limit is used up."""
        if self.settings.auth_limits_enabled and not await self._limiter.hit(limit, *names):
            window = await self._limiter.get_window_stats(limit, *names)
            raise TooManyRequests("too many attempts", retry_after=window.reset_time - time.time())
