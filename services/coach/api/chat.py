"""Chat, as a stream of server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field
from pydantic_core import to_json

from services.coach.api.rooms import PREFIX, Account, InRooms
from services.coach.chat import Chat, Turn
from services.coach.facts.claims import claims_json
from services.coach.safety import MAX_MESSAGE
from shared.values import Strict, Text

router = APIRouter(prefix=f"{PREFIX}/chat", tags=["coach"])
# Proxies must not hold the stream back.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Said(Strict):
    model_config = ConfigDict(extra="ignore")

    message: Annotated[Text, Field(min_length=1, max_length=MAX_MESSAGE)]
    conversation_id: Annotated[UUID | None, Field(strict=False)] = None


@router.post("", response_class=StreamingResponse)
async def chat(said: Said, account: Account, here: InRooms) -> StreamingResponse:
    """`token` frames `{text}`, then `evidence` `{evidence, claims}`, then `done` `{conversation_id, source, …}`."""
    turn = await here.chat.begin(account, said.message, said.conversation_id)
    return StreamingResponse(frames(here.chat, turn), media_type="text/event-stream", headers=HEADERS)


async def frames(room: Chat, turn: Turn) -> AsyncIterator[bytes]:
    """The whole answer as frames."""
    async for piece in room.answer(turn):
        yield frame("token", {"text": piece})
    claims = claims_json(turn.claims)
    yield frame("evidence", {"evidence": turn.evidence(), "claims": claims})
    done = {"conversation_id": turn.conversation_id, "source": turn.source, "notice": turn.notice, "text": turn.text}
    yield frame("done", done)


def frame(event: str, value: dict[str, Any]) -> bytes:
    """One server-sent event; JSON has no raw line ends, so one data line holds it."""
    return b"event: " + event.encode() + b"\ndata: " + to_json(value) + b"\n\n"
