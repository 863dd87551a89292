"""`POST /api/v1/sync`: the door for devices."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.ingest.api.context import limited_caller, trace
from services.ingest.domain import (
    Accepted,
    Duplicate,
    Forked,
    Judgement,
    OutOfOrder,
    Refusal,
    Rejected,
    RejectedBefore,
    SentEvent,
    Verdict,
)
from services.ingest.door import Delivery
from services.ingest.group_commit import GroupCommit
from services.ingest.reading import MAX_EVENTS, ReadRequest, read_request
from shared.envelope import EventEnvelope
from shared.errors import Forbidden, WrongDevice
from shared.http import DirectRoute
from shared.tokens import Principal
from shared.values import utc_now

router = APIRouter(prefix="/api/v1/sync", tags=["sync"], route_class=DirectRoute)


class WrongUser(Forbidden):
    """The client keeps its queue."""

    code = "wrong_user"


class AckCursor(BaseModel):
    """`last_acked_sequence`: the highest number up to which every number has its final verdict."""

    device_id: UUID
    last_acked_sequence: int
    last_accepted_sequence: int


class EventError(BaseModel):
    """Why an event was not taken; a retryable one may be sent again as it is."""

    event_id: UUID
    sequence_number: int
    code: str
    field: str | None = None
    message: str
    retryable: bool


class SyncResponse(BaseModel):
    """A verdict on every event of the request."""

    ack_cursor: AckCursor
    accepted_count: int
    duplicate_count: int
    rejected_count: int
    rejected_event_ids: list[UUID]
    errors: list[EventError]
    server_epoch: UUID


REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["device_id", "events"],
                "additionalProperties": False,
                "properties": {
                    "device_id": {"type": "string", "format": "uuid"},
                    "user_id": {"type": ["string", "null"], "format": "uuid"},
                    "declared_gaps": {
                        "type": ["array", "null"],
                        "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
                    },
                    "events": {"type": "array", "maxItems": MAX_EVENTS, "items": EventEnvelope.model_json_schema()},
                },
            }
        }
    },
}


@router.post(
    "",
    response_model=SyncResponse,
    openapi_extra={"requestBody": REQUEST_BODY},
    dependencies=[Depends(limited_caller)],
)
async def sync(request: Request) -> Response:
    """Takes a device's events, gives each its verdict, and acknowledges what is committed."""
    caller = await limited_caller(request)
    read = read_request(await request.body())
    delivery = _delivery(read, caller)
    group_commit: GroupCommit = request.app.state.group_commit
    server_epoch, judgement = await group_commit.receive(delivery, utc_now(), trace())
    answer = answer_of(read.device_id, server_epoch, judgement)
    return Response(answer.model_dump_json(), media_type="application/json")


def _delivery(read: ReadRequest, caller: Principal) -> Delivery:
    if read.device_id != caller.device_id:
        raise WrongDevice("device_id is not the device of the token")
    if read.user_id is not None and not caller.is_called(read.user_id):
        raise WrongUser("user_id is not the user of the token: keep the queue for its own user")
    return Delivery(
        device_id=read.device_id,
        user_id=caller.user_id,
        user_ids=caller.also | {caller.user_id},
        issued_at=caller.issued_at,
        events=read.events,
        gaps=read.gaps,
        seen=frozenset(read.seen_devices),
        body=read.body,
    )


def answer_of(device_id: UUID, server_epoch: UUID, judgement: Judgement) -> SyncResponse:
    """What a device hears of its delivery."""
    verdicts = [verdict for _, verdict in judgement.verdicts]
    errors = [error for event, verdict in judgement.verdicts if (error := _error(event, verdict))]
    return SyncResponse(
        ack_cursor=AckCursor(
            device_id=device_id,
            last_acked_sequence=judgement.device.last_acked,
            last_accepted_sequence=judgement.device.last_accepted,
        ),
        accepted_count=sum(isinstance(verdict, Accepted) for verdict in verdicts),
        duplicate_count=sum(isinstance(verdict, Duplicate) for verdict in verdicts),
        rejected_count=len(errors),
        rejected_event_ids=[error.event_id for error in errors],
        errors=errors,
        server_epoch=server_epoch,
    )


def _error(event: SentEvent, verdict: Verdict) -> EventError | None:
    match verdict:
        case Accepted() | Duplicate():
            return None
        case Rejected(refusal) | RejectedBefore(refusal):
            return _refused(event, refusal, retryable=False)
        case OutOfOrder(expected):
            message = f"expected number {expected}: send from there"
            return _refused(event, Refusal("sequence_gap", "sequence_number", message), retryable=True)
        case Forked(message):
            return _refused(event, Refusal("sequence_conflict", "sequence_number", message), retryable=False)


def _refused(event: SentEvent, refusal: Refusal, *, retryable: bool) -> EventError:
    return EventError(
        event_id=event.event_id,
        sequence_number=event.sequence_number,
        code=refusal.code,
        field=refusal.field,
        message=refusal.message,
        retryable=retryable,
    )
