"""What users see and change of themselves."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from services.auth.desk import Desk, caller_of, user_of
from services.auth.letters import write_reset, write_verification
from services.auth.passwords import require_strong
from services.auth.problems import BadCredentials, InvalidCode, NoAccount
from services.auth.secret_values import hash_of
from services.auth.store import audit, codes, devices, users
from services.auth.store.users import User
from shared.errors import TooManyRequests
from shared.postgres import Connection
from shared.telemetry import log
from shared.tokens import Principal, Role
from shared.values import utc_now


class Me(BaseModel):
    """A user, as the user sees it."""

    user_id: UUID
    is_anonymous: bool
    email: str | None
    email_verified: bool
    display_name: str | None
    roles: list[Role]


def me_of(user: User) -> Me:
    return Me(
        user_id=user.user_id,
        is_anonymous=user.is_anonymous,
        email=user.email,
        email_verified=user.email_verified,
        display_name=user.display_name,
        roles=sorted(user.roles),
    )


async def me(desk: Desk, caller: Principal) -> Me:
    async with desk.transaction() as connection:
        return me_of(await caller_of(connection, caller))


async def rename(desk: Desk, caller: Principal, display_name: str | None) -> Me:
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller, "UPDATE")
        await users.set_display_name(connection, user.user_id, display_name)
        return me_of(await caller_of(connection, caller))


@dataclass(frozen=True, slots=True)
class PasswordChange:
    old: str
    new: str
    address: str


async def change_password(desk: Desk, caller: Principal, change: PasswordChange) -> None:
    """Sets a new password and ends all other sessions. Sent again after a lost answer, it succeeds again.

    Raises:
        NoAccount, BadCredentials, WeakPassword
    """
    await desk.throttle.address(change.address)
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller)
    if user.email is None:
        raise NoAccount("only an account has a password: register first")
    await desk.throttle.account(user.email)
    if not await desk.passwords.verify(change.old, user.password_hash):
        if await desk.passwords.verify(change.new, user.password_hash):
            return
        raise BadCredentials("the old password is wrong")
    await desk.throttle.account_proven(user.email)
    require_strong(change.new, user.email, "new")
    password_hash = await desk.passwords.hash(change.new)
    now = utc_now()
    async with desk.transaction() as connection:
        present = await caller_of(connection, caller, "UPDATE")
        if present.password_hash != user.password_hash:
            raise BadCredentials("the old password is wrong")
        await users.set_password(connection, user.user_id, password_hash)
        await codes.drop(connection, user.user_id, "reset")
        await devices.require_login(connection, user.user_id, now, but=caller.device_id)
        entry = audit.Entry("password_changed", now, user.user_id, caller.device_id, change.address)
        await audit.note(connection, entry)


async def ask_for_reset(desk: Desk, email: str) -> None:
    """Writes a reset code to the account of this address, if there is one. It says nothing about that to anybody: who
    asks too often fills no mailbox, and leaves the code that is there good.
    """
    try:
        await desk.throttle.mails(email)
    except TooManyRequests:
        log().info("too_many_resets_asked")
        return
    now = utc_now()
    async with desk.transaction() as connection:
        user = await users.by_email(connection, email)
        if user is None:
            log().info("reset_for_unknown_address")
            return
        await codes.drop(connection, user.user_id, "reset")
        await write_reset(connection, user, now)
        await audit.note(connection, audit.Entry("password_reset_asked", now, user.user_id))


async def reset_password(desk: Desk, code: str, new_password: str, address: str) -> None:
    """Sets the password by a code from the mail, and ends all sessions.

    Raises:
        InvalidCode, WeakPassword
    """
    await desk.throttle.address(address)
    async with desk.transaction() as connection:
        user_id = await codes.owner(connection, hash_of(code), "reset", utc_now())
        user = await users.root(connection, user_id) if user_id else None
    if user is None or user.email is None:
        raise InvalidCode("this code is not good, or not any more", field="code")
    require_strong(new_password, user.email, "new_password")
    password_hash = await desk.passwords.hash(new_password)
    await _reset(desk, user, code, password_hash, address)


async def _reset(desk: Desk, user: User, code: str, password_hash: str, address: str) -> None:
    now = utc_now()
    async with desk.transaction() as connection:
        await users.lock(connection, [user.user_id])
        if not await codes.use(connection, hash_of(code), "reset", now):
            raise InvalidCode("this code is not good, or not any more", field="code")
        await users.set_password(connection, user.user_id, password_hash)
        await users.set_verified(connection, user.user_id, now)
        await devices.require_login(connection, user.user_id, now)
        await audit.note(connection, audit.Entry("password_reset", now, user.user_id, None, address))


async def verify(desk: Desk, code: str, caller: Principal | None, address: str) -> None:
    """Confirms an address by the code from the mail. The first time it ends all sessions but the caller's own: whoever
    registered somebody else's address is out.

    Raises:
        InvalidCode
    """
    await desk.throttle.address(address)
    now = utc_now()
    async with desk.transaction() as connection:
        user_id = await codes.owner(connection, hash_of(code), "verify", now)
        if user_id is None:
            raise InvalidCode("this code is not good, or not any more", field="code")
        await users.lock(connection, [user_id])
        if await users.set_verified(connection, user_id, now):
            here = await _own_device(connection, caller, user_id)
            await devices.require_login(connection, user_id, now, but=here)
            await audit.note(connection, audit.Entry("address_verified", now, user_id, here, address))


async def _own_device(connection: Connection, caller: Principal | None, user_id: UUID) -> UUID | None:
    if caller is None:
        return None
    user = await user_of(connection, caller.user_id)
    return caller.device_id if user.user_id == user_id else None


async def ask_for_verification(desk: Desk, caller: Principal, address: str) -> None:
    """Writes the verification mail again.

    Raises:
        NoAccount
    """
    await desk.throttle.address(address)
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller, "UPDATE")
        if user.email is None:
            raise NoAccount("only an account has an address: register first")
        await desk.throttle.mails(user.email)
        if not user.email_verified:
            await write_verification(connection, user, utc_now())
