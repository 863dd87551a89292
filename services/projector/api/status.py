"""How far the caller's read models are, and what proves it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
from fastapi import APIRouter, Request, Response

from services.projector.api.answers import answers, shape
from services.projector.api.reads import FreshReads
from services.projector.store import generations, positions
from services.projector.store.positions import DeviceApplied
from shared.digests import EMPTY
from shared.envelope import decode_accepted
from shared.feeds import IngestFeed
from shared.policy import Caller
from shared.telemetry import log

router = APIRouter(tags=["projections"])

_SECONDS = 1.0
_DEVICES = 50


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """Up to which number a device's events are applied."""

    device_id: UUID
    applied: int


@dataclass(frozen=True, slots=True)
class Status:
    """How far the read models of one user are. The lag is null where the event store does not answer."""

    generation: str
    fold_version: str
    content_digest: str
    event_digest: str
    events: int
    parked: int
    lag_events: int | None
    lag_seconds: float | None
    devices: list[DeviceStatus]


@router.get("/projections/status", responses=answers(shape(Status)))
async def show_status(request: Request, read: FreshReads, caller: Caller) -> Response:
    """Generation, digests, and how many events and seconds the read models are behind; null where ingest is away."""
    devices = await positions.of_user(read.reading)
    users = {read.reading.user_id, caller.user_id, *caller.also}
    lag_events, lag_seconds = await _lag(request.app.state.ingest, users, devices)
    total = positions.event_digest(devices)
    content = await request.app.state.content_digests.of(read.reading)
    status = Status(
        generation=read.reading.generation,
        fold_version=await generations.fold_version(read.reading.connection, read.reading.generation),
        content_digest=content.hash,
        event_digest=total.hash,
        events=total.count,
        parked=await positions.parked(read.reading),
        lag_events=lag_events,
        lag_seconds=lag_seconds,
        devices=[DeviceStatus(device.device_id, device.applied) for device in devices],
    )
    return read.value(status)


async def _lag(
    client: httpx2.AsyncClient, user_ids: Iterable[UUID], devices: Iterable[DeviceApplied]
) -> tuple[int | None, float | None]:
    """Events of the store that are not applied yet, and the age in seconds of the oldest of them."""
    applied = {device.device_id: device for device in devices}
    try:
        async with asyncio.timeout(_SECONDS):
            heads = await IngestFeed(client).heads_of(user_ids)
            known = [(head, applied.get(device, DeviceApplied(device, 0, EMPTY))) for device, head in heads.items()]
            behind = [(head, at) for head, at in known if head.last_accepted_sequence > at.applied]
            waiting = sum(head.count - at.digest.count for head, at in behind)
            ages = [await _age(client, at.device_id, at.applied + 1) for _, at in behind[:_DEVICES]]
    except (TimeoutError, httpx2.HTTPError, ValueError) as error:
        log().warning("lag_unknown", error=repr(error))
        return None, None
    return waiting, max(ages, default=0.0)


async def _age(client: httpx2.AsyncClient, device_id: UUID, sequence: int) -> float:
    params: Mapping[str, Any] = {"device_id": str(device_id), "from": sequence, "to": 2**53 - 1, "limit": 1}
    response = await client.get("/internal/events", params=params)
    lines: Sequence[bytes] = response.raise_for_status().content.splitlines()
    if not lines:
        return 0.0
    return max(0.0, round((datetime.now(UTC) - decode_accepted(lines[0]).received_at).total_seconds(), 3))
