"""Devices."""

from fastapi import APIRouter, Response

from services.auth.api import Address, AtDesk
from services.auth.api.bodies import NewDevice
from services.auth.launching import Wish, launch
from services.auth.secret_values import hash_of
from services.auth.sessions import Tokens
from shared.policy import MaybeCaller

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
