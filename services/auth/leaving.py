"""Ending sessions, revoking devices, erasing users."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

from services.auth.desk import Desk, caller_of, user_of
from services.auth.domain import Device
from services.auth.problems import WouldLoseData
from services.auth.store import audit, devices, erasures, families, identity, users
from services.auth.store.users import User
from shared.errors import NotFound, UserErased
from shared.identity import DeviceRevoked
from shared.identity import UserErased as UserErasedEvent
from shared.postgres import Connection
from shared.tokens import Principal
from shared.values import utc_now


async def log_out(desk: Desk, caller: Principal, discard: bool) -> None:
    """Ends the device's session; what it has not sent yet stays and goes on after a login.

    Raises:
        WouldLoseData: for an anonymous user, who has no login, unless `discard`.
    """
    now = utc_now()
    async with desk.transaction() as connection:
        user = await user_of(connection, caller.user_id, "SHARE")
        _refuse_loss(user, discard)
        await devices.require_login(connection, user.user_id, now, only=caller.device_id)
        await audit.note(connection, audit.Entry("logged_out", now, user.user_id, caller.device_id))


def _refuse_loss(user: User, discard: bool) -> None:
    if user.is_anonymous and not discard:
        raise WouldLoseData("without an account nobody can come back to this data: register first, or discard it")


async def end_session(desk: Desk, caller: Principal, session_id: UUID) -> None:
    """Ends the session of one of the caller's devices.

    Raises:
        NotFound, WouldLoseData
    """
    now = utc_now()
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller, "SHARE")
        device_id = await families.device_of(connection, session_id, user.user_id)
        if device_id is None:
            raise NotFound("no such session")
        _refuse_loss(user, discard=False)
        await devices.require_login(connection, user.user_id, now, only=device_id)
        await audit.note(connection, audit.Entry("session_ended", now, user.user_id, device_id))


async def revoke_device(desk: Desk, caller: Principal, device_id: UUID) -> None:
    """Locks one of the caller's devices out until somebody logs in on it.

    Raises:
        NotFound, WouldLoseData
    """
    now = utc_now()
    async with desk.transaction() as connection:
        # One after the other: two devices that revoke each other at once would leave none.
        user = await caller_of(connection, caller, "UPDATE")
        device = await devices.find(connection, device_id)
        if not isinstance(device, Device) or device.user_id != user.user_id:
            raise NotFound("no such device")
        if device.revoked:
            return
        if not await devices.others_in_use(connection, user.user_id, device_id):
            _refuse_loss(user, discard=False)
        await devices.revoke(connection, device_id, now)
        await audit.note(connection, audit.Entry("device_revoked", now, user.user_id, device_id))
        await identity.say(
            connection, partial(DeviceRevoked, occurred_at=now, user_id=user.user_id, device_id=device_id)
        )


async def erase_me(desk: Desk, caller: Principal) -> UUID:
    """Erases the caller and everyone merged into it; returns the erasure's id, the same one when asked again.

    Raises:
        InvalidToken, DeviceRevoked, LoginRequired
    """
    try:
        async with desk.transaction() as connection:
            user = await caller_of(connection, caller, "UPDATE")
            return await _erase(connection, user.user_id)
    except UserErased:
        return await _known_erasure(desk, caller.user_id)


async def _known_erasure(desk: Desk, user_id: UUID) -> UUID:
    async with desk.transaction() as connection:
        erasure_id = await erasures.of_user(connection, user_id)
    assert erasure_id is not None
    return erasure_id


async def erase_again(desk: Desk, user_ids: Sequence[UUID]) -> int:
    """After a restore: erases those of the users that are not erased here, known or not; returns how many."""
    erased = 0
    for user_id in user_ids:
        async with desk.transaction() as connection:
            erased += await erase_unless_erased(connection, user_id)
    return erased


async def erase_unless_erased(connection: Connection, user_id: UUID) -> bool:
    """Whether the user, known or not, was still to be erased."""
    if await erasures.of_user(connection, user_id) is not None:
        return False
    user = await users.root(connection, user_id, lock="UPDATE")
    await _erase(connection, user.user_id if user else user_id)
    return True


async def _erase(connection: Connection, user_id: UUID) -> UUID:
    now, erasure_id = utc_now(), uuid4()
    merged = list(await users.merged_into(connection, user_id))
    known = await erasures.devices_of(connection, user_id)
    counts = await erasures.forget(connection, [user_id, *merged])
    said = partial(UserErasedEvent, occurred_at=now, user_id=user_id, erasure_id=erasure_id, merged_user_ids=merged)
    number = await identity.say(connection, said)
    await erasures.add(connection, erasure_id, [user_id, *merged], known, number, now)
    await erasures.answer(connection, erasure_id, "auth", counts, now)
    await audit.note(connection, audit.Entry("user_erased", now, user_id))
    return erasure_id
