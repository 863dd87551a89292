"""A device's first launch, and its way back whenever it has lost its tokens."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from uuid_utils.compat import uuid7

from services.auth import domain
from services.auth.desk import Desk, caller_of, user_of
from services.auth.metrics import LAUNCHES, outcome_of
from services.auth.problems import DeviceExists, LoginRequired
from services.auth.sessions import Tokens, open_session
from services.auth.store import activity, audit, devices, identity, users
from services.auth.store.users import User
from shared.errors import DeviceRevoked, UserErased
from shared.identity import DeviceLinked, UserRegistered
from shared.postgres import Connection
from shared.tokens import Principal
from shared.values import utc_now


@dataclass(frozen=True, slots=True)
class Wish:
    """The device that wants tokens."""

    device_id: UUID
    secret_hash: bytes | None
    name: str | None
    platform: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Launched:
    """`made` when the device is new."""

    tokens: Tokens
    made: bool


class MadeMeanwhile(Exception):
    """Another request made the device at the same time: look again."""


async def launch(desk: Desk, wish: Wish, caller: Principal | None) -> Launched:
    """Makes the device, or lets it back in.

    Raises:
        DeviceExists, DeviceRevoked, LoginRequired, UserErased, TooManyRequests
    """
    try:
        return await _launch(desk, wish, caller)
    except MadeMeanwhile:
        return await _launch(desk, wish, caller)


async def _launch(desk: Desk, wish: Wish, caller: Principal | None) -> Launched:
    now = utc_now()
    async with desk.transaction() as connection:
        owner = await caller_of(connection, caller, "SHARE") if caller else None
        known = await devices.find(connection, wish.device_id)
        outcome = domain.launch(known, wish.secret_hash, owner.user_id if owner else None)
        LAUNCHES.labels(outcome_of(outcome)).inc()
        if isinstance(outcome, domain.Create):
            await desk.throttle.devices(wish.address)
            user = await _create(connection, wish, owner, now)
        else:
            user = await _come_back(connection, outcome, known)
        tokens = await open_session(desk, connection, user, wish.device_id, now)
        return Launched(tokens, isinstance(outcome, domain.Create))


async def _create(connection: Connection, wish: Wish, owner: User | None, now: datetime) -> User:
    """The device, with a new anonymous user unless it has an owner."""
    user = owner or User(user_id=uuid7(), is_anonymous=True)
    drafts: list[identity.Draft] = []
    if owner is None:
        await users.add_anonymous(connection, user.user_id, now, await activity.server_device(connection, user.user_id))
        drafts.append(partial(UserRegistered, occurred_at=now, user_id=user.user_id, is_anonymous=True))
    device = domain.Device(wish.device_id, user.user_id, wish.secret_hash)
    if not await devices.add(connection, device, now, wish.name, wish.platform):
        raise MadeMeanwhile
    drafts.append(partial(DeviceLinked, occurred_at=now, user_id=user.user_id, device_id=wish.device_id))
    entry = audit.Entry("device_created", now, user.user_id, wish.device_id, wish.address)
    await audit.note(connection, entry)
    await identity.say(connection, *drafts)
    return user


async def _come_back(
    connection: Connection,
    outcome: domain.Resume | domain.Taken | domain.Revoked | domain.LoginRequired | domain.Forgotten,
    known: domain.Known,
) -> User:
    match outcome:
        case domain.Resume():
            assert isinstance(known, domain.Device)
            return await user_of(connection, known.user_id)
        case domain.Taken():
            raise DeviceExists("this device id is taken: make a new one")
        case domain.Revoked():
            raise DeviceRevoked("this device was revoked: log in again")
        case domain.LoginRequired():
            raise LoginRequired("this device's session was ended: log in again")
        case domain.Forgotten():
            raise UserErased("this device's user was erased")
