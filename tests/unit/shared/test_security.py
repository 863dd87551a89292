"""Security headers and the allow-list of origins."""

import httpx2
import pytest
from fastapi import FastAPI

from shared.security import HEADERS, secure
from shared.settings import SharedSettings

HOME, ELSEWHERE = "https://gym.example", "https://elsewhere.example"


def client(cors_origins: str) -> httpx2.AsyncClient:
    app = FastAPI()
    secure(app, SharedSettings(service_token="a-service-token", cors_origins=cors_origins))
    app.add_api_route("/", lambda: {"here": True})
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service")


async def test_every_answer_has_the_headers() -> None:
    async with client("") as http:
        for path in ("/", "/missing"):
            answer = await http.get(path)
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(("origin", "allowed"), [(HOME, HOME), (ELSEWHERE, None)])
async def test_only_pages_of_listed_origins_may_read(origin: str, allowed: str | None) -> None:
    async with client(f"{HOME}, https://other.example") as http:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await http.options("/", headers={**asked, "Access-Control-Request-Headers": "authorization"})
        answer = await http.get("/", headers={"Origin": origin})
    assert preflight.headers.get("Access-Control-Allow-Origin") == allowed
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_without_a_list_no_page_may_read() -> None:
    async with client("") as http:
        answer = await http.get("/", headers={"Origin": HOME})
    assert "Access-Control-Allow-Origin" not in answer.headers
