"""An anonymous user becomes an account, in place."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from asyncpg import UniqueViolationError

from services.auth.desk import Desk, caller_of
from services.auth.letters import write_verification
from services.auth.passwords import require_strong
from services.auth.problems import AlreadyRegistered, EmailTaken, InviteRequired, RegistrationClosed
from services.auth.secret_values import hash_of
from services.auth.sessions import Tokens, open_session
from services.auth.store import audit, codes, identity, users
from services.auth.store.users import User, email_key
from shared.identity import UserRegistered
from shared.postgres import Connection
from shared.tokens import Principal
from shared.values import utc_now


@dataclass(frozen=True, slots=True)
class Registration:
    """The account that somebody wants."""

    email: str
    password: str
    display_name: str | None
    invite_code: str | None
    address: str


async def register(desk: Desk, wish: Registration, caller: Principal) -> Tokens:
    """Makes the caller an account; the same request again gives new tokens again.

    Raises:
        WeakPassword, EmailTaken, AlreadyRegistered, RegistrationClosed, InviteRequired
    """
    await desk.throttle.address(wish.address)
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller)
    if not user.is_anonymous:
        return await _again(desk, wish, caller, user)
    require_strong(wish.password, wish.email)
    password_hash = await desk.passwords.hash(wish.password)
    try:
        made = await _make_account(desk, wish, caller, password_hash)
    except UniqueViolationError as error:
        raise EmailTaken("this address has an account: log in instead") from error
    return made or await register(desk, wish, caller)


async def _make_account(desk: Desk, wish: Registration, caller: Principal, password_hash: str) -> Tokens | None:
    """None when the user has become an account meanwhile."""
    now = utc_now()
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller, "UPDATE")
        if not user.is_anonymous:
            return None
        await _admit(desk, connection, wish.invite_code, now)
        await users.make_account(connection, user.user_id, wish.email, password_hash, wish.display_name)
        user = await caller_of(connection, caller)
        await write_verification(connection, user, now)
        entry = audit.Entry("registered", now, user.user_id, caller.device_id, wish.address)
        await audit.note(connection, entry)
        tokens = await open_session(desk, connection, user, caller.device_id, now)
        await identity.say(
            connection, partial(UserRegistered, occurred_at=now, user_id=user.user_id, is_anonymous=False)
        )
        return tokens


async def _admit(desk: Desk, connection: Connection, invite_code: str | None, now: datetime) -> None:
    match desk.settings.auth_registration:
        case "open":
            return
        case "closed":
            raise RegistrationClosed("this server takes no new accounts")
        case "invite":
            if invite_code is None or not await codes.use(connection, hash_of(invite_code), "invite", now):
                raise InviteRequired("a new account needs an invite code")


async def _again(desk: Desk, wish: Registration, caller: Principal, user: User) -> Tokens:
    if user.email is None or email_key(user.email) != email_key(wish.email):
        raise AlreadyRegistered("this user has an account with another address")
    await desk.throttle.account(wish.email)
    if not await desk.passwords.verify(wish.password, user.password_hash):
        raise EmailTaken("this address has an account: log in instead")
    await desk.throttle.account_proven(wish.email)
    async with desk.transaction() as connection:
        # Nobody ends the session meanwhile, which would leave this one.
        user = await caller_of(connection, caller, "UPDATE")
        return await open_session(desk, connection, user, caller.device_id, utc_now())
