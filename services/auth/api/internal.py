"""What the other services and the operator ask, with the service token."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic_core import from_json

from services.auth import leaving, operating
from services.auth.accounts import Me
from services.auth.api.bodies import AdminBody, ErasedUsers, OperatorPassword, Rotation
from services.auth.api.context import AtDesk
from services.auth.operating import Admin, NewAdmin
from services.auth.store import erasures, identity
from shared.http import InternalLimit
from shared.policy import service_only
from shared.values import MAX_INTEGER

router = APIRouter(prefix="/internal", tags=["internal"], dependencies=[Depends(service_only)])


@router.get("/identity")
async def identity_events(
    desk: AtDesk,
    after: Annotated[int, Query(ge=0, le=MAX_INTEGER)] = 0,
    limit: InternalLimit = 2_000,
) -> dict[str, Any]:
    """The log of identity events from a number on; `last_number` is the newest of all."""
    async with desk.transaction() as connection:
        events = await identity.after(connection, after, limit)
        last_number = await identity.last_number(connection)
    return {"events": [from_json(event.event) for event in events], "last_number": last_number}


@router.post("/auth/keys/rotate")
async def rotate_keys(desk: AtDesk, rotation: Rotation | None = None) -> dict[str, Any]:
    """A new signing key; the one before stays good until its tokens have expired."""
    ring = await desk.signer.rotate(retire_at_once=rotation is not None and rotation.retire_at_once)
    return {"kid": ring.kid, "published": list(ring.published)}


@router.post("/auth/users/{email}/password")
async def set_password(email: str, body: OperatorPassword, desk: AtDesk) -> Me:
    """For servers without mail. Ends all sessions of the account."""
    return await operating.set_password(desk, email, body.password)


@router.post("/auth/admins", status_code=201)
async def create_admin(body: AdminBody, desk: AtDesk) -> Admin:
    """Makes an account with roles, or gives an account further roles: one whose address is verified keeps its password,
    any other gets this one, and all its sessions end."""
    return await operating.create_admin(desk, NewAdmin(body.email, body.password, body.display_name, body.roles))


@router.post("/auth/invites", status_code=201)
async def invite(desk: AtDesk) -> dict[str, Any]:
    """A code that lets one person register where registration needs one."""
    code, until = await operating.invite(desk)
    return {"code": code, "expires_at": until}


@router.post("/auth/republish", status_code=202)
async def republish(desk: AtDesk) -> dict[str, int]:
    """Has every identity event published again, in order."""
    async with desk.transaction() as connection:
        return {"events": await identity.republish(connection)}


@router.get("/auth/backlog")
async def backlog(desk: AtDesk) -> dict[str, int]:
    """How many identity events the relay still has to publish."""
    async with desk.transaction() as connection:
        return {"events": await identity.left_to_publish(connection)}


@router.get("/auth/erasures")
async def erased_users(desk: AtDesk) -> dict[str, Any]:
    """Everyone who was ever erased: what a restore has to erase again."""
    async with desk.transaction() as connection:
        return {"user_ids": await erasures.erased_users(connection)}


@router.post("/auth/erasures")
async def erase_again(body: ErasedUsers, desk: AtDesk) -> dict[str, int]:
    """After a restore: erases these users where they are not erased."""
    return {"erased": await leaving.erase_again(desk, body.user_ids)}
