"""What the operator does without mail and without a login, and for a restore, which has no running service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from asyncpg import UniqueViolationError
from uuid_utils.compat import uuid7

from services.auth.accounts import Me, me_of
from services.auth.desk import Desk
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
    """Sets an account's password and ends all its sessions.

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
        await users.lock(connection, [user.user_id])
        await users.set_password(connection, user.user_id, password_hash)
        await codes.drop(connection, user.user_id, "reset")
        await devices.require_login(connection, user.user_id, now)
        await audit.note(connection, audit.Entry("password_set_by_operator", now, user.user_id))
        return me_of(user)


@dataclass(frozen=True, slots=True)
class NewAdmin:
    """An account with roles. `password` is not needed where the account exists."""

    email: str
    password: str | None
    display_name: str | None
    roles: Sequence[Role]


async def create_admin(desk: Desk, wish: NewAdmin) -> Me:
    """Makes the account, or gives the one that exists further roles.

    Raises:
        WeakPassword, EmailTaken
    """
    async with desk.transaction() as connection:
        user = await users.by_email(connection, wish.email)
        if user is not None:
            await users.add_roles(connection, user.user_id, wish.roles)
            await audit.note(connection, audit.Entry("roles_given", utc_now(), user.user_id))
            user = await users.root(connection, user.user_id)
            assert user is not None
            return me_of(user)
    password = wish.password or ""
    require_strong(password, wish.email)
    try:
        return me_of(await _make(desk, wish, await desk.passwords.hash(password)))
    except UniqueViolationError as error:
        raise EmailTaken("somebody has just taken this address") from error


async def _make(desk: Desk, wish: NewAdmin, password_hash: str) -> User:
    now, user_id = utc_now(), uuid7()
    async with desk.transaction() as connection:
        await users.add_anonymous(connection, user_id, now, await activity.server_device(connection, user_id))
        await users.make_account(connection, user_id, wish.email, password_hash, wish.display_name)
        await users.add_roles(connection, user_id, wish.roles)
        await audit.note(connection, audit.Entry("account_created_by_operator", now, user_id))
        await identity.say(connection, partial(UserRegistered, occurred_at=now, user_id=user_id, is_anonymous=False))
        user = await users.root(connection, user_id)
        assert user is not None
        return user


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
