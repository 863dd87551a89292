"""What the services read from each other over HTTP: ingest's heads and events, auth's identity log."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Annotated, Any, Generic, overload
from uuid import UUID

import httpx2
from pydantic import Field
from typing_extensions import TypeVar

from shared.digests import Digest
from shared.envelope import AcceptedEvent, Chained, decode_accepted
from shared.identity import IdentityEvent
from shared.values import Strict

PAGE = 2_000
Event = TypeVar("Event", bound=Chained, default=AcceptedEvent)


class Head(Strict):
    """What the event store has of one device: the last accepted sequence and the digest of all accepted events."""

    device_id: UUID
    user_id: UUID
    last_accepted_sequence: int
    count: int
    hash: str

    @property
    def digest(self) -> Digest:
        """Count and hash as a digest."""
        return Digest.parse(self.count, self.hash)


class Heads(Strict):
    """One page of `GET /internal/heads`, in order of device ids."""

    server_epoch: UUID
    heads: list[Head]
    next_cursor: str | None


class IngestFeed(Generic[Event]):
    """ingest's internal feeds. Every method raises `httpx2.HTTPError` when ingest is away.

    `read` makes of an event's line what the reader needs of it.
    """

    @overload
    def __init__(self: "IngestFeed[AcceptedEvent]", client: httpx2.AsyncClient) -> None: ...
    @overload
    def __init__(self, client: httpx2.AsyncClient, read: Callable[[bytes], Event]) -> None: ...
    def __init__(self, client: httpx2.AsyncClient, read: Callable[[bytes], Any] = decode_accepted) -> None:
        self._client = client
        self._read: Callable[[bytes], Event] = read

    async def heads(self) -> tuple[UUID, Mapping[UUID, Head]]:
        """The server epoch and all heads by device."""
        found: dict[UUID, Head] = {}
        cursor: str | None = None
        while True:
            page = Heads.model_validate_json(await self._get("/internal/heads", cursor=cursor, limit=10_000))
            found |= {head.device_id: head for head in page.heads}
            cursor = page.next_cursor
            if cursor is None:
                return page.server_epoch, found

    async def head(self, device_id: UUID) -> tuple[UUID, Head | None]:
        """The server epoch and one device's head."""
        page = Heads.model_validate_json(await self._get("/internal/heads", device_id=str(device_id)))
        return page.server_epoch, next(iter(page.heads), None)

    async def heads_of(self, user_ids: Iterable[UUID]) -> Mapping[UUID, Head]:
        """The heads of all devices of a user, by any of its ids."""
        body = await self._get("/internal/heads", user_id=[str(user_id) for user_id in user_ids])
        return {head.device_id: head for head in Heads.model_validate_json(body).heads}

    async def events(self, device_id: UUID, first: int, last: int) -> AsyncIterator[Event]:
        """A device's accepted events of the range, both ends included, in order."""
        while first <= last:
            body = await self._get(
                "/internal/events", device_id=str(device_id), **{"from": first, "to": last, "limit": PAGE}
            )
            events = [self._read(line) for line in body.splitlines() if line]
            for event in events:
                yield event
            # A page of large events is a short one, and what was declared as a gap is none of the range's end.
            if not events:
                return
            first = events[-1].sequence_number + 1

    async def snapshot(self, shard: int, shards: int) -> AsyncIterator[bytes]:
        """All events of a shard's devices as JSON lines, by device and sequence; each chunk ends with a whole line."""
        async for whole in self._lines("GET", params={"shard": f"{shard}/{shards}"}):
            yield whole

    async def of_devices(self, device_ids: Iterable[UUID]) -> AsyncIterator[bytes]:
        """All events of these devices, in the form of `snapshot`."""
        async for whole in self._lines("POST", json={"devices": [str(device) for device in device_ids]}):
            yield whole

    async def _lines(self, method: str, **request: Any) -> AsyncIterator[bytes]:
        rest = b""
        async with self._client.stream(method, "/internal/snapshot", timeout=None, **request) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                whole, newline, rest = (rest + chunk).rpartition(b"\n")
                if newline:
                    yield whole
        if rest:
            yield rest

    async def _get(self, path: str, **params: Any) -> bytes:
        given = {name: value for name, value in params.items() if value is not None}
        response = await self._client.get(path, params=given)
        return response.raise_for_status().content


class IdentityPage(Strict):
    """One page of `GET /internal/identity`, in order of numbers; `last_number` is the newest of all."""

    events: list[Annotated[IdentityEvent, Field(discriminator="event_type")]]
    last_number: int


class IdentityFeed:
    """auth's log of identity events."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def after(self, number: int) -> list[IdentityEvent]:
        """All identity events with a greater number, in order."""
        found: list[IdentityEvent] = []
        while True:
            response = await self._client.get("/internal/identity", params={"after": number, "limit": PAGE})
            page = IdentityPage.model_validate_json(response.raise_for_status().content)
            found += page.events
            if len(page.events) < PAGE:
                return found
            number = found[-1].number
