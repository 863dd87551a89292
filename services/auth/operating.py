"""What the operator does without mail and without a login, and for a restore, which has no running service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID

from asyncpg import UniqueViolationError
from uuid_utils.compat import uuid7

from services.auth.accounts import Me, me_of
from services.auth.desk import Desk, user_of
from services.auth.leaving import erase_unless_erased
from services.auth.passwords import require_strong
from services.auth.problems import EmailTaken
from services.auth.secret_values import hash_of, new_secret
from services.auth.store import activity, audit, codes, devices, identity, keys, users
from services.auth.store.users import User
from shared.errors import NotFound
from shared.identity import UserRegistered
from shared.postgres import Connection
from shared.tokens import Role
from shared.values import utc_now

INVITE_DAYS = 30


async def set_password(desk: Desk, email: str, password: str) -> Me:
    """Sets an account's password, ends all its sessions and takes its address for verified.

    Raises:
        NotFound, WeakPassword
    """
    require_strong(password, email)
    password_hash = await desk.passwords.hash(password)
    now = utc_now()
    async with desk.transaction() as connection:
        user = await users.by_email(connection, email)
        if user is None:
            raise NotFound("no account has this address")
        return me_of(await _entrust(connection, user.user_id, password_hash, now))


async def _entrust(connection: Connection, user_id: UUID, password_hash: str, now: datetime) -> User:
    """The account belongs to whom the operator gives its password: nobody else stays in it, and no mail need say so."""
    await users.lock(connection, [user_id])
    await users.set_password(connection, user_id, password_hash)
    await users.set_verified(connection, user_id, now)
    await codes.drop(connection, user_id, "reset")
    await devices.require_login(connection, user_id, now)
    await audit.note(connection, audit.Entry("password_set_by_operator", now, user_id))
    return await user_of(connection, user_id)


@dataclass(frozen=True, slots=True)
class NewAdmin:
    """An account with roles. `password` is not needed where the account exists and its address is verified."""

    email: str
    password: str | None
    display_name: str | None
    roles: Sequence[Role]


class Admin(Me):
    """What became of the wish: an account was made, an existing one kept its password, or one whose address nobody had
    verified was taken over."""

    account: Literal["made", "kept", "taken_over"]


async def create_admin(desk: Desk, wish: NewAdmin) -> Admin:
    """Makes the account, or gives the one that exists further roles. Where its address is not verified a stranger may
    have registered it, so it is entrusted to the operator first.

    Raises:
        WeakPassword, EmailTaken
    """
    async with desk.transaction() as connection:
        user = await users.by_email(connection, wish.email)
        if user is not None and user.email_verified:
            return _admin(await _give_roles(connection, user.user_id, wish.roles), "kept")
    password = wish.password or ""
    require_strong(password, wish.email)
    password_hash = await desk.passwords.hash(password)
    if user is not None:
        return _admin(await _take_over(desk, user.user_id, wish.roles, password_hash), "taken_over")
    try:
        return _admin(await _make(desk, wish, password_hash), "made")
    except UniqueViolationError as error:
        raise EmailTaken("somebody has just taken this address") from error


def _admin(user: User, account: Literal["made", "kept", "taken_over"]) -> Admin:
    return Admin(**me_of(user).model_dump(), account=account)


async def _give_roles(connection: Connection, user_id: UUID, roles: Sequence[Role]) -> User:
    await users.add_roles(connection, user_id, roles)
    await audit.note(connection, audit.Entry("roles_given", utc_now(), user_id))
    return await user_of(connection, user_id)


async def _take_over(desk: Desk, user_id: UUID, roles: Sequence[Role], password_hash: str) -> User:
    async with desk.transaction() as connection:
        await _entrust(connection, user_id, password_hash, utc_now())
        return await _give_roles(connection, user_id, roles)


async def _make(desk: Desk, wish: NewAdmin, password_hash: str) -> User:
    now, user_id = utc_now(), uuid7()
    async with desk.transaction() as connection:
        await users.add_anonymous(connection, user_id, now, await activity.server_device(connection, user_id))
        await users.make_account(connection, user_id, wish.email, password_hash, wish.display_name)
        await users.set_verified(connection, user_id, now)
        await users.add_roles(connection, user_id, wish.roles)
        await audit.note(connection, audit.Entry("account_created_by_operator", now, user_id))
        await identity.say(connection, partial(UserRegistered, occurred_at=now, user_id=user_id, is_anonymous=False))
        return await user_of(connection, user_id)


async def invite(desk: Desk) -> tuple[str, datetime]:
    """A code that lets one person register, and until when."""
    code, until = new_secret(), utc_now() + timedelta(days=INVITE_DAYS)
    async with desk.transaction() as connection:
        await codes.add(connection, hash_of(code), "invite", None, until)
    return code, until


async def begin_epoch(connection: Connection, erased: Sequence[UUID]) -> int:
    """After a restore: ends every access token, erases these users again and has the whole log published. Returns how
    many were still to be erased. The next signing key is made when somebody needs one."""
    now = utc_now()
    async with connection.transaction():
        await keys.retire(connection, now, now)
        again = sum([await erase_unless_erased(connection, user_id) for user_id in erased])
        await identity.republish(connection)
    return again
