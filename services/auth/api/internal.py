"""What the other services and the operator ask, with the service token."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic_core import from_json

from services.auth.api import AtDesk
from services.auth.api.bodies import Body
from services.auth.store import identity
from shared.policy import service_only

router = APIRouter(prefix="/internal", tags=["internal"], dependencies=[Depends(service_only)])


@router.get("/identity")
async def identity_events(
    desk: AtDesk,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 2_000,
) -> dict[str, Any]:
    """The log of identity events from a number on; `last_number` is the newest of all."""
    async with desk.transaction() as connection:
        events = await identity.after(connection, after, limit)
        last_number = await identity.last_number(connection)
    return {"events": [from_json(event.event) for event in events], "last_number": last_number}


class Rotation(Body):
    """`retire_at_once` ends all access tokens now: after a leak, or a restore."""

    retire_at_once: bool = False


@router.post("/auth/keys/rotate")
async def rotate_keys(desk: AtDesk, rotation: Rotation | None = None) -> dict[str, Any]:
    """A new signing key; the one before stays good until its tokens have expired."""
    ring = await desk.signer.rotate(retire_at_once=rotation is not None and rotation.retire_at_once)
    return {"kid": ring.kid, "published": list(ring.published)}
