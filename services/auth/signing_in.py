"""Logging in, and with it the merge of an anonymous user into the account."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from pydantic import BaseModel
from uuid_utils.compat import uuid7

from services.auth import domain
from services.auth.desk import Desk, caller_of, user_of
from services.auth.launching import MadeMeanwhile
from services.auth.metrics import LOGINS
from services.auth.problems import BadCredentials, DeviceExists
from services.auth.sessions import Tokens, open_session
from services.auth.store import audit, devices, identity, merges, users
from services.auth.store.users import User
from shared.errors import NotFound
from shared.identity import DeviceLinked, UserMerged
from shared.postgres import Connection
from shared.tokens import Principal
from shared.values import utc_now


class MergeStarted(BaseModel):
    """A merge as the login tells of it."""

    merge_id: UUID
    from_user_id: UUID
    into_user_id: UUID
    status: str


class LoginTokens(Tokens):
    """`merge` is there when the bearer was an anonymous user."""

    merge: MergeStarted | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody sends to log in."""

    email: str
    password: str
    device_id: UUID | None
    secret_hash: bytes | None
    merges: bool
    name: str | None
    platform: str | None
    address: str


async def log_in(desk: Desk, wish: Login, caller: Principal | None) -> LoginTokens:
    """Tokens of the account for the device.

    Raises:
        BadCredentials, DeviceExists, TooManyRequests; for an anonymous bearer also DeviceRevoked, LoginRequired
    """
    await desk.throttle.address(wish.address)
    await desk.throttle.account(wish.email)
    account = await _proven_account(desk, wish)
    try:
        return await _enter(desk, wish, account, caller)
    except MadeMeanwhile:
        return await _enter(desk, wish, account, caller)


async def _proven_account(desk: Desk, wish: Login) -> User:
    async with desk.transaction() as connection:
        account = await users.by_email(connection, wish.email)
    if await desk.passwords.verify(wish.password, account.password_hash if account else None) and account:
        await desk.throttle.account_proven(wish.email)
        LOGINS.labels("proven").inc()
        return account
    async with desk.transaction() as connection:
        user_id = account.user_id if account else None
        await audit.note(connection, audit.Entry("login_failed", utc_now(), user_id, None, wish.address))
    LOGINS.labels("refused").inc()
    raise BadCredentials("address or password is wrong")


async def _enter(desk: Desk, wish: Login, proven: User, caller: Principal | None) -> LoginTokens:
    now = utc_now()
    async with desk.transaction() as connection:
        account, bearer = await _locked(connection, proven, caller)
        device_id = wish.device_id or (bearer.device_id if bearer else uuid7())
        drafts = await _take_device(connection, wish, account, bearer, device_id, now)
        merge = await _merge(connection, account, bearer, wish, drafts, now)
        await audit.note(connection, audit.Entry("logged_in", now, account.user_id, device_id, wish.address))
        tokens = await open_session(desk, connection, account, device_id, now)
        return LoginTokens(**tokens.model_dump(), merge=merge)


async def _locked(connection: Connection, proven: User, caller: Principal | None) -> tuple[User, domain.Bearer | None]:
    """The account and the bearer, as they are once nobody else can change them."""
    others = [(await user_of(connection, caller.user_id)).user_id] if caller else []
    await users.lock(connection, [proven.user_id, *others])
    account = await users.root(connection, proven.user_id)
    if account is None or account.password_hash != proven.password_hash:
        raise BadCredentials("address or password is wrong")
    return account, await _bearer(connection, caller) if caller else None


async def _bearer(connection: Connection, caller: Principal) -> domain.Bearer:
    user = await user_of(connection, caller.user_id)
    if user.is_anonymous:
        # Who merges takes all data along: a device that was revoked must not.
        user = await caller_of(connection, caller)
    return domain.Bearer(caller.user_id, user.user_id, caller.device_id, user.is_anonymous)


async def _take_device(
    connection: Connection, wish: Login, account: User, bearer: domain.Bearer | None, device_id: UUID, now: datetime
) -> list[identity.Draft]:
    """Makes the device the account's; what is to be said of that."""
    linked = partial(DeviceLinked, occurred_at=now, user_id=account.user_id, device_id=device_id)
    known = await devices.find(connection, device_id)
    match domain.login_device(known, account.user_id, bearer, wish.merges):
        case domain.UseNew():
            device = domain.Device(device_id, account.user_id, wish.secret_hash)
            if not await devices.add(connection, device, now, wish.name, wish.platform):
                raise MadeMeanwhile
            return [linked]
        case domain.UseOwn():
            assert isinstance(known, domain.Device)
            await devices.welcome_back(connection, device_id, wish.secret_hash)
            return [linked] if known.revoked else []
        case domain.Taken():
            raise DeviceExists("this device is not the account's: make a new device id")


async def _merge(
    connection: Connection,
    account: User,
    bearer: domain.Bearer | None,
    wish: Login,
    drafts: list[identity.Draft],
    now: datetime,
) -> MergeStarted | None:
    """Merges the bearer's anonymous user, or tells of the merge that was; says everything that is to be said."""
    if bearer is None or not (bearer.is_anonymous and wish.merges):
        if drafts:
            await identity.say(connection, *drafts)
        was_merged = bearer is not None and bearer.was_merged_into(account.user_id)
        merge = await merges.of_user(connection, bearer.user_id) if bearer and was_merged else None
        return started(merge) if merge else None
    merge = merges.Merge(uuid7(), bearer.root, account.user_id)
    await users.merge(connection, merge.from_user_id, merge.into_user_id)
    merged = partial(
        UserMerged, occurred_at=now, user_id=account.user_id, merge_id=merge.merge_id, from_user_id=merge.from_user_id
    )
    number = await identity.say(connection, merged, *drafts)
    await merges.add(connection, merge, number, now)
    return started(merge)


def started(merge: merges.Merge) -> MergeStarted:
    """The merge with its status."""
    return MergeStarted(
        merge_id=merge.merge_id,
        from_user_id=merge.from_user_id,
        into_user_id=merge.into_user_id,
        status=domain.status(merge.answered),
    )


class MergeReport(BaseModel):
    """`status` and each of `services` are `pending` or `applied`."""

    merge_id: UUID
    from_user_id: UUID
    into_user_id: UUID
    status: str
    services: dict[str, str]


async def merge_report(desk: Desk, caller: Principal, merge_id: UUID) -> MergeReport:
    """How far the merge has got, for its two users, who are one by now.

    Raises:
        NotFound
    """
    async with desk.transaction() as connection:
        user = await user_of(connection, caller.user_id)
        merge = await merges.find(connection, merge_id)
    if merge is None or merge.into_user_id != user.user_id:
        raise NotFound("no such merge")
    return MergeReport(**started(merge).model_dump(), services=domain.statuses(merge.answered))
