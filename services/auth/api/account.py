"""The caller's own account."""

from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends
from fastapi.responses import StreamingResponse

from services.auth import accounts, exporting, leaving
from services.auth.accounts import Me, PasswordChange
from services.auth.api.bodies import Code, PasswordChangeBody, ProfileChange, ResetConfirmation, ResetRequest
from services.auth.api.context import Address, AtDesk
from services.auth.erasure_reports import ErasureReport, erasure_report
from shared.policy import Caller, MaybeCaller, public

router = APIRouter(prefix="/api/v1/auth", tags=["account"])


@router.get("/me")
async def get_me(caller: Caller, desk: AtDesk) -> Me:
    return await accounts.me(desk, caller)


@router.patch("/me")
async def change_me(body: ProfileChange, caller: Caller, desk: AtDesk) -> Me:
    """Absence leaves a member, null clears it."""
    if "display_name" not in body.model_fields_set:
        return await accounts.me(desk, caller)
    return await accounts.rename(desk, caller, body.display_name)


@router.delete("/me", status_code=202)
async def erase_me(caller: Caller, desk: AtDesk) -> ErasureReport:
    """Logins stop at once, then every store erases. Asked again, it answers the same erasure."""
    return await erasure_report(desk, await leaving.erase_me(desk, caller), caller)


@router.get("/erasures/{erasure_id}")
async def get_erasure(erasure_id: UUID, caller: MaybeCaller, desk: AtDesk) -> ErasureReport:
    """What was erased where. After an erasure nobody can log in, so the random id alone opens its report; a token that
    is sent must be the erased user's."""
    return await erasure_report(desk, erasure_id, caller)


@router.get("/me/export", response_class=StreamingResponse)
async def export_me(caller: Caller, desk: AtDesk) -> StreamingResponse:
    """Everything about the caller: a zip of JSON Lines."""
    user, own = await exporting.own_part(desk, caller)
    headers = {
        "Content-Disposition": 'attachment; filename="hypertrophy-export.zip"',
        "Cache-Control": "no-store",
    }
    content = exporting.archive(user.user_id, own, exporting.clients(desk.settings))
    return StreamingResponse(content, media_type="application/zip", headers=headers)


@router.post("/password", status_code=204)
async def change_password(body: PasswordChangeBody, caller: Caller, desk: AtDesk, address: Address) -> None:
    """Ends all other sessions."""
    await accounts.change_password(desk, caller, PasswordChange(body.old, body.new, address))


@router.post("/password-reset", status_code=202, dependencies=[Depends(public)])
async def ask_for_reset(
    body: ResetRequest, desk: AtDesk, address: Address, afterwards: BackgroundTasks
) -> dict[str, str]:
    """Always the same answer, given before anything is looked up: neither it nor its time tells who has an account."""
    await desk.throttle.address(address)
    afterwards.add_task(accounts.ask_for_reset, desk, body.email)
    return {"status": "accepted"}


@router.post("/password-reset/confirm", status_code=204, dependencies=[Depends(public)])
async def reset_password(body: ResetConfirmation, desk: AtDesk, address: Address) -> None:
    """Sets a new password by the code from the mail, and ends all sessions."""
    await accounts.reset_password(desk, body.code, body.new_password, address)


@router.post("/verify", status_code=204)
async def verify(body: Code, caller: MaybeCaller, desk: AtDesk, address: Address) -> None:
    """Confirms the address by the code from the mail; the first time it ends all other sessions."""
    await accounts.verify(desk, body.code, caller, address)


@router.post("/verification-mail", status_code=202)
async def ask_for_verification(caller: Caller, desk: AtDesk, address: Address) -> dict[str, str]:
    """Sends the code once more."""
    await accounts.ask_for_verification(desk, caller, address)
    return {"status": "accepted"}
