"""Tokens in exchange for tokens or credentials."""

from typing import Any

from fastapi import APIRouter, Depends, Response

from services.auth import sessions
from services.auth.api import Address, AtDesk
from services.auth.api.bodies import RefreshToken
from services.auth.sessions import Tokens
from shared.policy import public
from shared.tokens import JWKS_PATH

router = APIRouter(prefix="/api/v1/auth", tags=["sessions"])
keys_router = APIRouter(tags=["keys"])


@router.post("/refresh", dependencies=[Depends(public)])
async def refresh(body: RefreshToken, desk: AtDesk, address: Address) -> Tokens:
    """The next tokens. A retry of a lost answer gets the same refresh token; real reuse ends the session."""
    return await sessions.refresh(desk, body.refresh_token, address)


@keys_router.get(JWKS_PATH, dependencies=[Depends(public)])
async def key_set(desk: AtDesk, response: Response) -> dict[str, Any]:
    """The public keys: two while one replaces the other."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return (await desk.signer.ring()).jwks()
