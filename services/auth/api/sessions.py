"""Sessions: tokens for credentials, tokens for tokens, and the end of both."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.auth import leaving, sessions
from services.auth.api.bodies import LoginBody, Logout, RefreshToken, Register
from services.auth.api.context import Address, AtDesk
from services.auth.desk import caller_of
from services.auth.registering import Registration, register
from services.auth.secret_values import hash_of
from services.auth.sessions import Tokens
from services.auth.signing_in import Login, LoginTokens, MergeReport, log_in, merge_report
from services.auth.store import families
from services.auth.store.families import SessionSummary
from shared.http import Cursor, Limit, Page, page_of, read_cursor
from shared.policy import Caller, MaybeCaller, public
from shared.tokens import JWKS_PATH

router = APIRouter(prefix="/api/v1/auth", tags=["sessions"])
keys_router = APIRouter(tags=["keys"])


@router.post("/register", status_code=201)
async def register_account(body: Register, caller: Caller, desk: AtDesk, address: Address) -> Tokens:
    """Turns the anonymous user into an account in place."""
    wish = Registration(body.email, body.password, body.display_name, body.invite_code, address)
    return await register(desk, wish, caller)


@router.post("/login", response_model_exclude_none=True)
async def login(body: LoginBody, caller: MaybeCaller, desk: AtDesk, address: Address) -> LoginTokens:
    """Tokens of the account for this device. An anonymous user that sends its bearer is merged into the account."""
    secret_hash = hash_of(body.device_secret) if body.device_secret else None
    merges = body.merge_anonymous_data is not False
    wish = Login(body.email, body.password, body.device_id, secret_hash, merges, body.name, body.platform, address)
    return await log_in(desk, wish, caller)


@router.get("/merges/{merge_id}")
async def get_merge(merge_id: UUID, caller: Caller, desk: AtDesk) -> MergeReport:
    """How far a merge has got."""
    return await merge_report(desk, caller, merge_id)


@router.post("/refresh", dependencies=[Depends(public)])
async def refresh(body: RefreshToken, desk: AtDesk, address: Address) -> Tokens:
    """The next tokens. A retry of a lost answer gets the same refresh token; real reuse ends the session."""
    return await sessions.refresh(desk, body.refresh_token, address)


@router.post("/logout", status_code=204)
async def logout(caller: Caller, desk: AtDesk, body: Logout | None = None) -> None:
    """Ends the device's session on purpose."""
    await leaving.log_out(desk, caller, discard=body is not None and body.discard)


@router.get("/sessions")
async def list_sessions(caller: Caller, desk: AtDesk, cursor: Cursor = None, limit: Limit = 50) -> Page[SessionSummary]:
    """The sessions that can still be refreshed."""
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller)
        found = await families.of_user(connection, user.user_id, read_cursor(cursor, UUID), limit + 1)
    return page_of(found, limit, lambda session: session.session_id)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: UUID, caller: Caller, desk: AtDesk) -> None:
    """Ends the session of a device on purpose."""
    await leaving.end_session(desk, caller, session_id)


@keys_router.get(JWKS_PATH, dependencies=[Depends(public)])
async def key_set(desk: AtDesk, response: Response) -> dict[str, Any]:
    """The public keys: two while one replaces the other."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return (await desk.signer.ring()).jwks()
