"""Tokens: what a device gets, and how it gets the next."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from uuid_utils.compat import uuid7

from services.auth import domain
from services.auth.desk import Desk, user_of
from services.auth.metrics import REFRESHES, outcome_of
from services.auth.problems import LoginRequired, RefreshExpired, RefreshInvalid, RefreshReused
from services.auth.secret_values import hash_of, new_secret, successor
from services.auth.signing import Claims
from services.auth.store import audit, devices, families, users
from services.auth.store.users import User
from shared.errors import DeviceRevoked
from shared.postgres import Connection
from shared.values import utc_now


class Tokens(BaseModel):
    """A device's tokens. `expires_in` is in seconds, of the access token."""

    user_id: UUID
    device_id: UUID
    is_anonymous: bool
    access_token: str
    token_type: str = "bearer"  # noqa: S105  (how RFC 6750 calls it)
    expires_in: int
    refresh_token: str


async def open_session(desk: Desk, connection: Connection, user: User, device_id: UUID, now: datetime) -> Tokens:
    """A fresh family for the device, in the place of its oldest where it has many."""
    refresh_token = new_secret()
    await families.add(connection, uuid7(), device_id, hash_of(refresh_token), now)
    await families.drop_oldest(connection, device_id)
    return await _tokens(desk, connection, user, device_id, refresh_token, now)


async def _tokens(
    desk: Desk, connection: Connection, user: User, device_id: UUID, refresh_token: str, now: datetime
) -> Tokens:
    settings = desk.settings
    also = await users.merged_into(connection, user.user_id)
    access_token = desk.signer.sign(
        Claims(user.user_id, device_id, also, user.roles),
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        now=now,
        seconds=settings.auth_access_token_seconds,
    )
    return Tokens(
        user_id=user.user_id,
        device_id=device_id,
        is_anonymous=user.is_anonymous,
        access_token=access_token,
        expires_in=settings.auth_access_token_seconds,
        refresh_token=refresh_token,
    )


async def refresh(desk: Desk, refresh_token: str, address: str) -> Tokens:
    """The next tokens of a family; the same ones again until they were used.

    Raises:
        RefreshInvalid, RefreshReused, RefreshExpired, LoginRequired, DeviceRevoked, UserErased
    """
    now = utc_now()
    async with desk.transaction() as connection:
        device, held = await _held(connection, refresh_token)
        outcome = domain.refresh(held.family, held.generation, now, desk.settings.refresh_idle)
        REFRESHES.labels(outcome_of(outcome)).inc()
        following = successor(refresh_token, desk.refresh_key)
        match outcome:
            case domain.Rotate():
                await families.rotate(connection, held, hash_of(following), now)
            case domain.Repeat():
                await families.touch(connection, held.family_id, now)
            case domain.Reused():
                await families.mark_reused(connection, held.family_id, now)
                entry = audit.Entry("refresh_token_reused", now, device.user_id, device.device_id, address)
                await audit.note(connection, entry)
            case domain.Idle() | domain.Ended():
                pass
        if isinstance(outcome, domain.Rotate | domain.Repeat):
            user = await user_of(connection, device.user_id)
            return await _tokens(desk, connection, user, held.device_id, following, now)
    raise _refusal(outcome)


async def _held(connection: Connection, refresh_token: str) -> tuple[domain.Device, families.HeldToken]:
    """The token's device and place, with the device and the family locked."""
    token_hash = hash_of(refresh_token)
    device_id = await families.device_of_token(connection, token_hash)
    device = await devices.find(connection, device_id) if device_id else None
    if not isinstance(device, domain.Device):
        raise RefreshInvalid("this refresh token is not known here")
    if device.revoked:
        raise DeviceRevoked("this device was revoked: log in again")
    held = await families.find(connection, token_hash)
    if held is None:
        raise RefreshInvalid("this refresh token is not known here")
    return device, held


def _refusal(outcome: domain.Reused | domain.Idle | domain.Ended) -> Exception:
    match outcome:
        case domain.Reused():
            return RefreshReused("this refresh token was used before: its family is over")
        case domain.Idle():
            return RefreshExpired("this session was not used for too long")
        case domain.Ended():
            return LoginRequired("this session was ended: log in again")
