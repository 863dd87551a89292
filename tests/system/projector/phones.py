"""Phones that read, and the read API that they ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2

from services.projector.app import create_app
from services.projector.settings import Settings
from services.projector.store.batch import ProjectorStore
from shared.tokens import Principal, Role
from tests.histories import History, history
from tests.system.projector.described import Described
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply

JSON = dict[str, Any]
FAR_OFF = "2100-01-01T00:00:00Z"


class Tokens:
    """A token is `user:device[:merged user]`."""

    async def verify(self, token: str) -> Principal:
        user, device, *also = token.split(":")
        return Principal(UUID(user), UUID(device), frozenset(map(UUID, also)), frozenset({Role.CLIENT}), "t", 2e9)


class Reader:
    """One phone that reads."""

    def __init__(self, client: httpx2.AsyncClient, user_id: UUID, device_id: UUID, *also: UUID) -> None:
        self.client = client
        token = ":".join(map(str, (user_id, device_id, *also)))
        self.headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, expected: int = 200, headers: dict[str, str] | None = None, **params: Any) -> JSON:
        found: JSON = (await self.response(path, expected, headers, **params)).json()
        return found

    async def response(
        self, path: str, expected: int = 200, headers: dict[str, str] | None = None, **params: Any
    ) -> httpx2.Response:
        answer = await self.client.get(f"/api/v1{path}", params=params or None, headers=self.headers | (headers or {}))
        assert answer.status_code == expected, answer.text
        return answer

    async def all_items(self, path: str, **params: Any) -> list[JSON]:
        items: list[JSON] = []
        cursor = None
        while True:
            page = await self.get(path, **params, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items


@asynccontextmanager
async def api(
    url: str, event_store: EventStore, *, read_after_seconds: float = 0.4
) -> AsyncIterator[httpx2.AsyncClient]:
    """The app over a database, without a socket; what it answers must be as it describes itself."""
    settings = Settings(
        database_url_projector=url,
        ingest_url=event_store.url,
        auth_url=event_store.url,
        service_token="secret",
        projector_read_after_seconds=read_after_seconds,
    )
    app = create_app(settings)
    app.state.tokens = Tokens()
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        hooks = {"response": [Described(app).check]}
        async with httpx2.AsyncClient(transport=transport, base_url="http://projector", event_hooks=hooks) as opened:
            yield opened


async def trained(store: ProjectorStore, event_store: EventStore, seed: int, events: int = 300) -> History:
    """A user whose events are stored and projected."""
    person = history(seed, events=events)
    event_store.accept(person.received)
    await apply(store, person.received)
    return person


def reader_of(client: httpx2.AsyncClient, person: History) -> Reader:
    """One of a user's phones."""
    return Reader(client, person.user_id, next(iter(person.devices)))


def undegraded(workout: JSON) -> JSON:
    """A workout without what is known of it only today."""
    del workout["degraded"]
    for done in workout["sets"]:
        del done["degraded"]
    return workout
