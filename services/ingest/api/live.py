"""Live hints over server-sent events and WebSockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.websockets import WebSocketDisconnect

from services.ingest.api.context import Configured, Databases, ids_of, limited_address, refuse_erased
from services.ingest.hints import TOKEN_EXPIRED, Hint, Hub, Listener, events_available
from services.ingest.listening import Ears
from services.ingest.settings import Settings
from services.ingest.store.pull import Pull
from services.ingest.store.tickets import SECONDS, Tickets
from services.ingest.store.users import Users
from shared.database import Database
from shared.errors import DeviceRevoked, NotAuthenticated, Unavailable, UserErased
from shared.policy import Caller, MaybeCaller
from shared.tokens import Principal

router = APIRouter(prefix="/api/v1/sync", tags=["live"], dependencies=[Depends(limited_address)])

# A hint may have been on its way when the connection broke.
MARGIN = timedelta(seconds=10)
POLICY_VIOLATION = 1008

Ticket = Annotated[str | None, Query(max_length=100)]


class StreamTicket(BaseModel):
    """To be used once, as `?ticket=`, within `expires_in` seconds."""

    ticket: str
    expires_in: int = SECONDS


@router.post("/stream-ticket")
async def stream_ticket(caller: Caller, database: Databases) -> StreamTicket:
    """A ticket for a browser, which cannot send headers with a stream or a socket."""
    async with database.acquire() as connection:
        await _check(Users(connection), caller)
        return StreamTicket(ticket=await Tickets(connection).issue(caller))


@router.get("/stream", response_class=StreamingResponse)
async def stream(
    connection: HTTPConnection,
    settings: Configured,
    database: Databases,
    bearer: MaybeCaller,
    ticket: Ticket = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> StreamingResponse:
    """Server-sent events, each `data: {"type": …, "data": …}`; a hint to pull, never the data.

    With `Last-Event-ID` it begins with the devices that had events since. Ends with `token_expired`.
    """
    listener = await _listener(connection, settings, database, bearer, ticket)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    frames = _frames(connection.app.state.hub, database, listener, settings.ingest_heartbeat, last_event_id)
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


@router.websocket("/ws")
async def socket(
    socket: WebSocket, settings: Configured, database: Databases, bearer: MaybeCaller, ticket: Ticket = None
) -> None:
    """The same hints over a WebSocket, one a text message."""
    listener = await _listener(socket, settings, database, bearer, ticket)
    hub: Hub = socket.app.state.hub
    try:
        await _joined(hub, database, listener)
        await socket.accept()
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_until_disconnected(socket))
            sending = tasks.create_task(_send(socket, listener))
            await asyncio.wait([reading, sending], return_when=asyncio.FIRST_COMPLETED)
            reading.cancel()
            sending.cancel()
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(POLICY_VIOLATION, TOKEN_EXPIRED.type)
    finally:
        hub.leave(listener)


async def _listener(
    connection: HTTPConnection, settings: Settings, database: Database, bearer: Principal | None, ticket: str | None
) -> Listener:
    """A listener of whoever calls; what happens once it has joined is heard."""
    hub: Hub = connection.app.state.hub
    ears: Ears = connection.app.state.ears
    if len(hub.listeners) >= settings.ingest_max_connections:
        raise Unavailable("too many live connections", retry_after=10)
    async with database.acquire() as taken:
        principal = bearer or (await Tickets(taken).redeem(ticket) if ticket else None)
        if principal is None:
            raise NotAuthenticated("send the access token, or a ticket that was not used yet")
        await _check(Users(taken), principal)
        listener = Listener(principal, set(await Users(taken).everyone(ids_of(principal))))
    await ears.opened()
    return listener


async def _check(users: Users, caller: Principal) -> None:
    """Refuses whoever is to hear nothing any more."""
    await refuse_erased(users, caller)
    if await users.is_revoked(caller.device_id, caller.issued_at):
        raise DeviceRevoked("this device was revoked: log in again")


async def _missed(pull: Pull, listener: Listener, last_event_id: str | None) -> list[Hint]:
    """Hints about devices with events since the last hint that the client saw."""
    if last_event_id is None or not last_event_id.isdecimal() or len(last_event_id) > 14:
        return []
    since = datetime.fromtimestamp(int(last_event_id) / 1000, UTC) - MARGIN
    devices = await pull.devices(listener.user_ids)
    before = await pull.since([device.device_id for device in devices], since)
    return [
        events_available(one.device_id, one.last_sequence)
        for one in devices
        if before.get(one.device_id, 0) < one.last_sequence
    ]


async def _joined(hub: Hub, database: Database, listener: Listener, last_event_id: str | None = None) -> None:
    """Has the listener hear; what happened since it was let in may have been told before anyone listened."""
    hub.join(listener)
    with suppress(Unavailable):
        async with database.acquire() as connection:
            try:
                await _check(Users(connection), listener.principal)
            except (DeviceRevoked, UserErased):
                listener.end()
            for hint in await _missed(Pull(connection), listener, last_event_id):
                listener.tell(hint)


async def _frames(
    hub: Hub, database: Database, listener: Listener, heartbeat: float, last_event_id: str | None
) -> AsyncIterator[bytes]:
    # Joins only here: a response that never starts would leave it behind.
    try:
        await _joined(hub, database, listener, last_event_id)
        yield b"retry: 3000\n: connected\n\n"
        async for hints in listener.told(heartbeat):
            yield b"".join(map(_frame, hints)) or b": alive\n\n"
    finally:
        hub.leave(listener)


def _frame(hint: Hint) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (time.time() * 1000, hint.encoded())


async def _send(socket: WebSocket, listener: Listener) -> None:
    with suppress(WebSocketDisconnect):
        async for hints in listener.told(60):
            for hint in hints:
                await socket.send_text(hint.encoded().decode())


async def _until_disconnected(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
