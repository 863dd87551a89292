"""auth's own app over a real database, asked through its HTTP interface."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI

from services.auth.app import create_app
from services.auth.settings import Settings
from tests.system.conftest import Database
from tests.system.engines import RealEngines, connect

SERVICE_TOKEN = "the-service-token"
PASSWORD = "seven lazy barbells"
NOBODY = "http://127.0.0.1:9"
Json = dict[str, Any]


@dataclass
class Phone:
    """A device that keeps its secret and its tokens, as a client does."""

    http: httpx2.AsyncClient
    device_id: UUID = field(default_factory=uuid4)
    device_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    tokens: Json = field(default_factory=dict)

    async def post(self, path: str, body: Json | None = None, *, bearer: str | None = None) -> httpx2.Response:
        return await self.http.post(f"/api/v1/auth{path}", json=body, headers=authorized(bearer))

    async def call(self, method: str, path: str, body: Json | None = None) -> httpx2.Response:
        """As this phone, with its access token."""
        headers = authorized(self.tokens["access_token"])
        return await self.http.request(method, f"/api/v1/auth{path}", json=body, headers=headers)

    async def launch(self, *, bearer: str | None = None) -> httpx2.Response:
        body = {"device_id": str(self.device_id), "device_secret": self.device_secret}
        return self.keeping(await self.post("/devices", body, bearer=bearer))

    async def refresh(self, token: str | None = None) -> httpx2.Response:
        return self.keeping(await self.post("/refresh", {"refresh_token": token or self.tokens["refresh_token"]}))

    async def register(self, email: str, password: str = PASSWORD) -> httpx2.Response:
        return self.keeping(await self.call("POST", "/register", {"email": email, "password": password}))

    async def login(self, email: str, password: str = PASSWORD, **more: Any) -> httpx2.Response:
        """With the phone's bearer, if it has one."""
        body = {"email": email, "password": password, **more}
        return self.keeping(await self.post("/login", body, bearer=self.tokens.get("access_token")))

    def keeping(self, answer: httpx2.Response) -> httpx2.Response:
        if answer.is_success:
            self.tokens = answer.json()
        return answer

    @property
    def user_id(self) -> str:
        return str(self.tokens["user_id"])


def authorized(bearer: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"} if bearer else {}


@dataclass
class Auth:
    """A running auth."""

    app: FastAPI
    http: httpx2.AsyncClient
    settings: Settings

    def phone(self) -> Phone:
        return Phone(self.http)

    async def anonymous(self) -> Phone:
        phone = self.phone()
        assert (await phone.launch()).status_code == 201
        return phone

    async def account(self, email: str | None = None) -> tuple[Phone, str]:
        """A phone with a new account, and its address."""
        phone, email = await self.anonymous(), email or f"{uuid4().hex}@example.org"
        assert (await phone.register(email)).status_code == 201
        return phone, email

    async def internal(self, method: str, path: str, body: Json | None = None) -> httpx2.Response:
        return await self.http.request(method, path, json=body, headers=authorized(SERVICE_TOKEN))

    async def said(self, *users: str) -> list[Json]:
        """The identity events of these users."""
        answer = await self.internal("GET", "/internal/identity?limit=10000")
        return [event for event in answer.json()["events"] if event["user_id"] in users]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Auth]:
    app = create_app(settings)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://auth") as http,
    ):
        yield Auth(app, http, settings)


def code(answer: httpx2.Response) -> tuple[int, str]:
    """Status and stable code of a problem."""
    return answer.status_code, answer.json()["code"]


async def written_code(auth: Auth, email: str, subject: str) -> str:
    """The code in the mail that waits for this address."""
    connection = await connect(auth.settings.database_url_auth)
    try:
        while True:
            body = await connection.fetchval(
                "SELECT body FROM mails WHERE recipient = $1 AND subject = $2 ORDER BY mail_id DESC", email, subject
            )
            if body:
                return str(body).split("\n\n")[1].strip()
            await asyncio.sleep(0.01)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def settings(engines: RealEngines, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        database_url_auth=await database("auth"),
        kafka_bootstrap_servers=engines.kafka_bootstrap,
        service_token=SERVICE_TOKEN,
        hypertrophy_data=Path(tmp_path_factory.mktemp("auth")),
        auth_limits_enabled=False,
        auth_group=f"auth-{uuid4().hex}",
        ingest_url=NOBODY,
        projector_url=NOBODY,
        coach_url=NOBODY,
    )


@pytest.fixture(scope="module")
async def auth(settings: Settings) -> AsyncIterator[Auth]:
    async with running(settings) as started:
        yield started
