"""A small event store that speaks ingest's and auth's internal paths over real HTTP."""

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid5

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.local.ports import free_port
from shared.envelope import AcceptedEvent, decode_accepted
from shared.identity import IdentityEvent
from tests.histories import EPOCH, head_of

_GIVEN = ("event_id", "event_type", "schema_version", "payload", "occurred_at", "seen")


def _written(event: AcceptedEvent) -> dict[str, Any]:
    return {
        "event_id": str(event.event_id),
        "device_id": str(event.device_id),
        "sequence_number": event.sequence_number,
    }


class EventStore:
    """Events by device, in order, and identity events."""

    def __init__(self) -> None:
        self.events: defaultdict[UUID, list[AcceptedEvent]] = defaultdict(list)
        self.identity: list[IdentityEvent] = []
        self.epoch = EPOCH
        self.url = ""
        self.refusal: int | None = None
        """The status that writing is answered with, where it is refused."""
        self._asked, self._let_go = threading.Event(), threading.Event()
        self._let_go.set()

    @contextmanager
    def held_up(self) -> Iterator[threading.Event]:
        """Until it is left no snapshot is answered; the event says that one was asked for."""
        self._asked.clear()
        self._let_go.clear()
        try:
            yield self._asked
        finally:
            self._let_go.set()

    def accept(self, events: Iterable[AcceptedEvent]) -> None:
        for event in events:
            self.events[event.device_id].append(event)

    def lines(self, events: Iterable[AcceptedEvent]) -> PlainTextResponse:
        return PlainTextResponse("".join(event.model_dump_json() + "\n" for event in events))

    async def heads(self, request: Request) -> Response:
        wanted = request.query_params.get("device_id")
        devices = [UUID(wanted)] if wanted else sorted(self.events)
        heads = [head_of(chain).model_dump(mode="json") for device in devices if (chain := self.events.get(device))]
        if users := request.query_params.getlist("user_id"):
            heads = [head for head in heads if head["user_id"] in users]
        return JSONResponse({"server_epoch": str(self.epoch), "heads": heads, "next_cursor": None})

    async def ranges(self, request: Request) -> Response:
        asked = request.query_params
        chain = self.events.get(UUID(asked["device_id"]), [])
        found = [one for one in chain if int(asked["from"]) <= one.sequence_number <= int(asked["to"])]
        return self.lines(found[: int(asked["limit"])])

    async def snapshot(self, request: Request) -> Response:
        self._asked.set()
        await asyncio.to_thread(self._let_go.wait)
        if request.method == "POST":
            devices = [UUID(device) for device in (await request.json())["devices"]]
        else:
            shard, shards = map(int, request.query_params["shard"].split("/"))
            devices = [device for device in sorted(self.events) if device.int % shards == shard]
        return self.lines(event for device in devices for event in self.events[device])

    async def identities(self, request: Request) -> Response:
        after = int(request.query_params["after"])
        found = [json.loads(one.model_dump_json()) for one in self.identity if one.number > after]
        return JSONResponse({"events": found, "last_number": len(self.identity)})

    async def write(self, request: Request) -> Response:
        """Server events, as ingest takes them."""
        if self.refusal is not None:
            return JSONResponse({}, self.refusal)
        body = await request.json()
        user_id = UUID(body["user_id"])
        device = uuid5(user_id, f"server:{EPOCH}")
        for written in self.events[device]:
            if str(written.event_id) == body["event_id"]:
                return JSONResponse(_written(written), 201)
        number = len(self.events[device]) + 1
        envelope = {
            **{name: body[name] for name in _GIVEN},
            "device_id": str(device),
            "sequence_number": number,
            "previous_sequence": number - 1,
            "user_id": str(user_id),
            "received_at": body["occurred_at"],
            "server_epoch": str(self.epoch),
        }
        event = decode_accepted(json.dumps(envelope).encode())
        self.accept([event])
        return JSONResponse(_written(event), 201)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/internal/heads", self.heads),
                Route("/internal/events", self.ranges),
                Route("/internal/snapshot", self.snapshot, methods=["GET", "POST"]),
                Route("/internal/identity", self.identities),
                Route("/internal/ingest/server-events", self.write, methods=["POST"]),
            ]
        )


@contextmanager
def served(store: EventStore) -> Iterator[EventStore]:
    """The store behind a port of its own, until it is left."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(store.app(), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    store.url = f"http://127.0.0.1:{port}"
    try:
        yield store
    finally:
        server.should_exit = True
        thread.join(5)
