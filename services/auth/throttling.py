"""How often one address, or one account, may try."""

from limits import RateLimitItem, parse

from services.auth.settings import Settings
from services.auth.store.users import email_key
from shared.limits import Limiter


class Throttle:
    """The limits of what can be guessed or mailed."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = Limiter(settings.auth_limits_storage, enabled=settings.auth_limits_enabled)
        self._devices = parse(settings.auth_limit_devices)
        self._accounts = parse(settings.auth_limit_accounts)
        self._mails = parse(settings.auth_limit_mails)
        self._addresses = parse(settings.auth_limit_addresses)

    async def devices(self, address: str) -> None:
        """Each new device counts."""
        await self._hit(self._devices, "devices", address)

    async def account(self, email: str) -> None:
        """Before a password of this account is tried; an unknown address counts alike."""
        await self._hit(self._accounts, "account", email_key(email))

    async def account_proven(self, email: str) -> None:
        """After the right password: only what fails in a row counts."""
        await self._limiter.clear(self._accounts, "account", email_key(email))

    async def mails(self, email: str) -> None:
        """Before a mail that was asked for is written to this address; an unknown address counts alike."""
        await self._hit(self._mails, "mails", email_key(email))

    async def address(self, address: str) -> None:
        """Before a password or a code is tried from this address."""
        await self._hit(self._addresses, "address", address)

    async def _hit(self, limit: RateLimitItem, *names: str) -> None:
        await self._limiter.hit(limit, *names, refusal="too many attempts")
