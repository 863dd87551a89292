"""What every request of auth works with, and who it comes from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.auth.passwords import Passwords
from services.auth.problems import LoginRequired
from services.auth.settings import Settings
from services.auth.signing import Signer
from services.auth.store import devices, users
from services.auth.store.users import User
from services.auth.throttling import Throttle
from shared.database import Database
from shared.errors import DeviceRevoked, InvalidToken, UserErased
from shared.postgres import Connection
from shared.tokens import Principal


@dataclass(frozen=True)
class Desk:
    """Settings, the store and the tools of one running service."""

    settings: Settings
    database: Database
    signer: Signer
    refresh_key: bytes
    passwords: Passwords
    throttle: Throttle

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One request is one transaction; the keys that may sign in it are fresh.

        Raises:
            Unavailable: when the database is away or too busy.
        """
        # Before it has a connection: the keys are read with one too, and in a full pool both would wait for ever.
        await self.signer.ring()
        async with self.database.acquire() as connection, connection.transaction():
            yield connection


async def user_of(connection: Connection, user_id: UUID, lock: Literal["", "SHARE", "UPDATE"] = "") -> User:
    """The user that an id in a token means now.

    Raises:
        UserErased, InvalidToken
    """
    user = await users.root(connection, user_id, lock=lock)
    if user is not None:
        return user
    if await users.is_erased(connection, user_id):
        raise UserErased("this user was erased")
    raise InvalidToken("this user is not known here")


async def caller_of(connection: Connection, principal: Principal, lock: Literal["", "SHARE", "UPDATE"] = "") -> User:
    """The user who calls, from a device that still may: auth knows at once what others learn when tokens expire.

    Raises:
        UserErased, InvalidToken, DeviceRevoked, LoginRequired
    """
    user = await user_of(connection, principal.user_id, lock)
    device = await devices.standing(connection, principal.device_id)
    if device is None or device.user_id != user.user_id:
        raise InvalidToken("this device is not known here")
    if device.revoked:
        raise DeviceRevoked("this device was revoked: log in again")
    if device.login_required:
        raise LoginRequired("this session was ended: log in again")
    return user
