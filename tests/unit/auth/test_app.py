"""auth's app where its database is away."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from services.auth.app import create_app
from services.auth.settings import Settings


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(
        Settings(
            database_url_auth="postgresql+asyncpg://nobody@127.0.0.1:9/none",
            service_token="a-service-token",
            hypertrophy_data=tmp_path,
        )
    )
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://auth") as client,
    ):
        yield client


async def test_without_its_database_it_asks_to_come_again(http: httpx2.AsyncClient) -> None:
    answers = [
        await http.post("/api/v1/auth/devices", json={"device_id": str(uuid4())}),
        await http.post("/api/v1/auth/refresh", json={"refresh_token": "x"}),
        await http.post("/api/v1/auth/login", json={"email": "kim@example.org", "password": "seven lazy barbells"}),
        await http.get("/.well-known/jwks.json"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1


async def test_it_is_alive_then_but_not_ready(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/health/live")).status_code == 200
    assert (await http.get("/health/ready")).status_code == 503


async def test_its_interface_is_described(http: httpx2.AsyncClient) -> None:
    described = (await http.get("/openapi.json")).json()["paths"]
    assert {"/api/v1/auth/devices", "/api/v1/auth/login", "/api/v1/auth/me/export"} <= set(described)


async def test_bodies_are_bounded(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/v1/auth/devices", json={"device_id": str(uuid4()), "name": "x" * 2**20})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    malformed = await http.post("/api/v1/auth/devices", content=b"{", headers={"Content-Type": "application/json"})
    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed_json")
