"""Phones that speak the sync protocol to ingest's real app on a real PostgreSQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any
from uuid import UUID, uuid4

import httpx2

from shared.errors import InvalidToken, TokenExpired
from shared.tokens import Principal, Role

JSON = dict[str, Any]


class KnownTokens:
    """Stands in for auth's keys: a token is the key of its principal."""

    def __init__(self) -> None:
        self.principals: dict[str, Principal] = {}

    async def verify(self, token: str) -> Principal:
        if token not in self.principals:
            raise InvalidToken("unknown")
        found = self.principals[token]
        if found.expires_at < time():
            raise TokenExpired("expired")
        return found

    def give(self, user_id: UUID, device_id: UUID, also: Iterable[UUID] = (), seconds: float = 900) -> str:
        token = uuid4().hex
        now, roles = time(), frozenset({Role.CLIENT})
        self.principals[token] = Principal(
            user_id, device_id, frozenset(also), roles, token, now + seconds, issued_at=int(now)
        )
        return token


def set_completed(number: int, **changes: Any) -> JSON:
    """One event that is always good; `changes` make it something else."""
    event = {
        "event_id": str(uuid4()),
        "event_type": "SetCompleted",
        "schema_version": 1,
        "payload": {
            "set_id": str(uuid4()),
            "workout_id": str(uuid4()),
            "exercise_id": str(uuid4()),
            "completed_at": "2026-11-21T10:00:00.000Z",
            "reps": 5,
            "weight": 102.5,
        },
        "sequence_number": number,
        "correlation_id": str(uuid4()),
        "occurred_at": "2026-11-21T10:00:00.000Z",
    }
    return event | changes


def sets(first: int, last: int) -> list[JSON]:
    return [set_completed(number) for number in range(first, last + 1)]


@dataclass
class Phone:
    """A device with its bearer."""

    client: httpx2.AsyncClient
    tokens: KnownTokens
    user_id: UUID = field(default_factory=uuid4)
    device_id: UUID = field(default_factory=uuid4)
    also: tuple[UUID, ...] = ()

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.tokens.give(self.user_id, self.device_id, self.also)}"}

    async def post(self, events: list[Any], **outer: Any) -> httpx2.Response:
        body = {"device_id": str(self.device_id), "events": events} | outer
        return await self.client.post("/api/v1/sync", json=body, headers=self.headers)

    async def post_bytes(self, body: bytes) -> httpx2.Response:
        return await self.client.post("/api/v1/sync", content=body, headers=self.headers)

    async def sync(self, events: list[Any], **outer: Any) -> JSON:
        response = await self.post(events, **outer)
        assert response.status_code == 200, response.text
        answer: JSON = response.json()
        return answer

    async def get(self, path: str, **params: Any) -> JSON:
        response = await self.client.get(f"/api/v1/sync{path}", params=params, headers=self.headers)
        assert response.status_code == 200, response.text
        answer: JSON = response.json()
        return answer
