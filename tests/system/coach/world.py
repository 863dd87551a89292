"""Coach on real engines, between feeds of ingest and auth that a test fills by hand."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import jwt
import uvicorn
from aiokafka import AIOKafkaConsumer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Query, Response

from deploy.local.ports import free_port
from deploy.local.roles import ROOT
from services.coach.app import create_app, create_worker
from services.coach.settings import Settings
from shared.digests import digest_of_events
from shared.envelope import AcceptedEvent
from shared.identity import IDENTITY_EVENT, IdentityEvent
from shared.kafka import Outgoing, Publisher
from shared.topics import EVENTS, IDENTITY, partitions
from tests.eventually import eventually
from tests.system.engines import connect
from tests.unit.coach.raw import everything_said

COACH = "/api/v1/coach"
KEY = Ed25519PrivateKey.generate()
START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@dataclass
class Feeds:
    """What ingest and auth would answer."""

    epoch: UUID = field(default_factory=uuid4)
    events: dict[UUID, list[AcceptedEvent]] = field(default_factory=dict)
    identity: list[IdentityEvent] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/internal/heads")(self.heads)
        app.get("/internal/events")(self.range)
        app.get("/internal/identity")(self.after)
        app.get("/.well-known/jwks.json")(self.keys)
        return app

    async def heads(self, device_id: UUID | None = None) -> dict[str, Any]:
        shown = {device: events for device, events in self.events.items() if device_id in (None, device)}
        heads = [
            {
                "device_id": device,
                "user_id": events[-1].user_id,
                "last_accepted_sequence": events[-1].sequence_number,
                "count": len(events),
                "hash": digest_of_events((e.event_id, e.sequence_number) for e in events).hash,
            }
            for device, events in shown.items()
        ]
        return {"server_epoch": self.epoch, "heads": heads, "next_cursor": None}

    async def range(self, device_id: UUID, first: int = Query(alias="from"), last: int = Query(alias="to")) -> Response:
        chain = self.events.get(device_id, [])
        lines = [event.model_dump_json() for event in chain if first <= event.sequence_number <= last]
        return Response("\n".join(lines))

    async def after(self, after: int) -> dict[str, Any]:
        newer = [event.model_dump(mode="json") for event in self.identity if event.number > after]
        return {"events": newer, "last_number": len(self.identity)}

    async def keys(self) -> dict[str, Any]:
        key = jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": "test", "alg": "EdDSA", "use": "sig"}]}


def access_token(user_id: UUID, device_id: UUID | None = None) -> str:
    claims = {
        "iss": "hypertrophy",
        "aud": "hypertrophy",
        "sub": str(user_id),
        "did": str(device_id or uuid4()),
        "aka": [],
        "roles": ["client"],
        "jti": str(uuid4()),
        "iat": int(time.time()),
        "exp": int(time.time()) + 900,
    }
    return jwt.encode(claims, KEY, algorithm="EdDSA", headers={"kid": "test"})


@dataclass
class World:
    """A running coach and the hands of a test."""

    feeds: Feeds
    settings: Settings
    publisher: Publisher
    http: httpx2.AsyncClient

    def environment(self) -> dict[str, str]:
        """What a process of coach's own is told."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL_COACH": self.settings.database_url_coach,
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_bootstrap_servers,
            "INGEST_URL": self.settings.ingest_url,
            "AUTH_URL": self.settings.auth_url,
            "SERVICE_TOKEN": "service-token",
        }

    def record(self, user: UUID, device: UUID, event_type: str, at: datetime = START, **payload: Any) -> AcceptedEvent:
        """One more accepted event in ingest's store; not on the topic yet."""
        chain = self.feeds.events.setdefault(device, [])
        event = AcceptedEvent.model_validate_json(
            AcceptedEvent.model_construct(
                event_id=uuid4(),
                event_type=event_type,
                schema_version=2 if event_type == "GoalSet" else 1,
                payload=payload,
                device_id=device,
                sequence_number=len(chain) + 1,
                occurred_at=at,
                user_id=user,
                previous_sequence=len(chain),
                received_at=at,
                server_epoch=self.feeds.epoch,
            ).model_dump_json()
        )
        chain.append(event)
        return event

    async def publish(self, *events: AcceptedEvent) -> None:
        records = [Outgoing(str(e.device_id).encode(), e.model_dump_json().encode()) for e in events]
        await self.publisher.publish(EVENTS, records)

    async def say(self, event_type: str, **fields: Any) -> IdentityEvent:
        """An identity event, in auth's log and on the topic."""
        said = IDENTITY_EVENT.validate_python(
            {"event_type": event_type, "number": len(self.feeds.identity) + 1, "occurred_at": START, **fields}
        )
        self.feeds.identity.append(said)
        await self.publisher.publish(IDENTITY, [Outgoing(str(said.user_id).encode(), said.model_dump_json().encode())])
        return said

    def workout(
        self, user: UUID, device: UUID, started_at: datetime, *sets: tuple[UUID, float, int], **of_each: Any
    ) -> list[AcceptedEvent]:
        """A whole workout of sets `(exercise, kg, reps)`, three minutes apart, one hour long."""
        workout_id = uuid4()
        events = [self.record(user, device, "WorkoutStarted", started_at, workout_id=workout_id, started_at=started_at)]
        for number, (exercise, weight, reps) in enumerate(sets, start=1):
            at = started_at + timedelta(minutes=3 * number)
            events.append(
                self.record(
                    user,
                    device,
                    "SetCompleted",
                    at,
                    set_id=uuid4(),
                    workout_id=workout_id,
                    exercise_id=exercise,
                    completed_at=at,
                    weight=weight,
                    reps=reps,
                    **of_each,
                )
            )
        end = started_at + timedelta(hours=1)
        return [*events, self.record(user, device, "WorkoutEnded", end, workout_id=workout_id, ended_at=end)]

    def caller(self, user: UUID) -> dict[str, str]:
        return {"Authorization": f"Bearer {access_token(user)}"}


def earlier_this_week(by: timedelta) -> datetime:
    """So long ago, in whole seconds; where that was in the week before, the first moment of this one."""
    now = datetime.now(UTC).replace(microsecond=0)
    monday = now.replace(hour=0, minute=0, second=0) - timedelta(days=now.weekday())
    return max(monday, now - by)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The app on a port of its own; yields its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def coach(
    kafka: str, database_url: str, feeds: Feeds, *, with_worker: bool = True, **settings: Any
) -> AsyncIterator[World]:
    """Both processes of coach in this one, over real engines."""
    async with served(feeds.app()) as address:
        chosen = Settings(
            database_url_coach=database_url,
            kafka_bootstrap_servers=kafka,
            ingest_url=address,
            auth_url=address,
            service_token="service-token",
            log_level="ERROR",
            **settings,
        )
        app, worker = create_app(chosen), create_worker(chosen)
        publisher = Publisher(kafka)
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://coach", timeout=30)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            if with_worker:
                await stack.enter_async_context(worker.router.lifespan_context(worker))
            yield World(feeds, chosen, publisher, await stack.enter_async_context(client))
        await publisher.close()


def record_history(world: World, user: UUID, device: UUID) -> list[AcceptedEvent]:
    """The whole Hevy history, with weighings and goals, as one device's accepted events; not on the topic yet."""
    return [world.record(user, device, kind, at, **payload) for kind, at, payload in everything_said()]


async def frames_of(world: World, user: UUID, message: str, **fields: Any) -> list[tuple[str, Any]]:
    """Says something and returns the frames of the answer as `(event, data)`."""
    body = {"message": message, **fields}
    answer = await world.http.post(f"{COACH}/chat", json=body, headers=world.caller(user))
    answer.raise_for_status()
    found = []
    for block in answer.text.split("\n\n"):
        if block:
            event, data = block.split("\n")
            found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def text_of(frames: list[tuple[str, Any]]) -> str:
    return "".join(data["text"] for event, data in frames if event == "token")


async def said_on(world: World, topic: str, user: UUID) -> list[bytes]:
    """Everything that lies on a topic for a user, once the outbox is empty."""
    connection = await connect(world.settings.database_url_coach)

    async def published() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM outbox") == 0)

    await eventually(published)
    await connection.close()
    consumer = AIOKafkaConsumer(bootstrap_servers=world.settings.kafka_bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions()[topic])]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[bytes] = []
        for place in places:
            while await consumer.position(place) < ends[place]:
                for records in (await consumer.getmany(place, timeout_ms=500)).values():
                    found += [record.value for record in records if record.key == str(user).encode()]
        return found
    finally:
        await consumer.stop()
