"""Devices."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.auth import leaving
from services.auth.api.bodies import NewDevice
from services.auth.api.context import Address, AtDesk
from services.auth.desk import caller_of
from services.auth.launching import Wish, launch
from services.auth.secret_values import hash_of
from services.auth.sessions import Tokens
from services.auth.store import devices
from services.auth.store.devices import DeviceSummary
from shared.http import Cursor, Limit, Page, page_of, read_cursor
from shared.policy import Caller, MaybeCaller

router = APIRouter(prefix="/api/v1/auth", tags=["devices"])


@router.post("/devices", status_code=201, responses={200: {"model": Tokens}})
async def launch_device(
    body: NewDevice, caller: MaybeCaller, desk: AtDesk, address: Address, response: Response
) -> Tokens:
    """First launch: an anonymous user bound to this device. With a bearer: a further device of that user.

    The same id and secret again answer 200 with fresh tokens.
    """
    secret_hash = hash_of(body.device_secret) if body.device_secret else None
    launched = await launch(desk, Wish(body.device_id, secret_hash, body.name, body.platform, address), caller)
    response.status_code = 201 if launched.made else 200
    return launched.tokens


@router.get("/devices")
async def list_devices(caller: Caller, desk: AtDesk, cursor: Cursor = None, limit: Limit = 50) -> Page[DeviceSummary]:
    """The caller's devices, revoked ones included."""
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller)
        found = await devices.of_user(connection, user.user_id, read_cursor(cursor, UUID), limit + 1)
    return page_of(found, limit, lambda device: device.device_id)


@router.delete("/devices/{device_id}", status_code=204)
async def revoke_device(device_id: UUID, caller: Caller, desk: AtDesk) -> None:
    """Locks a device out until somebody logs in on it."""
    await leaving.revoke_device(desk, caller, device_id)
