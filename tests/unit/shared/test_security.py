"""Security headers and the allow-list of origins."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from shared.errors import install_problem_documents
from shared.security import HEADERS, LONGEST_BODY, secure
from shared.settings import SharedSettings

HOME, ELSEWHERE = "https://gym.example", "https://elsewhere.example"


WORDS = ("/api/v1/words", "/internal/words")


async def count_words(words: list[str]) -> int:
    return len(words)


def client(cors_origins: str) -> httpx2.AsyncClient:
    app = FastAPI()
    install_problem_documents(app)
    secure(app, SharedSettings(service_token="a-service-token", cors_origins=cors_origins))
    app.add_api_route("/", lambda: {"here": True})
    for path in WORDS:
        app.add_api_route(path, count_words, methods=["POST"])
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


async def pieces(size: int) -> AsyncIterator[bytes]:
    """A JSON list of one word, in pieces, so that no header announces its length."""
    yield b'["'
    for start in range(0, size - 4, 100_000):
        yield b"x" * min(100_000, size - 4 - start)
    yield b'"]'


async def test_a_body_that_announces_too_much_is_not_read() -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"[]")
        yield read[-1]

    async with client("") as http:
        headers = {"Content-Type": "application/json", "Content-Length": str(LONGEST_BODY + 1)}
        answer = await http.post("/api/v1/words", content=body(), headers=headers)
    assert (answer.status_code, read) == (413, [])


@pytest.mark.parametrize("path", WORDS)
@pytest.mark.parametrize(("size", "status"), [(LONGEST_BODY, 200), (LONGEST_BODY + 1, 413)])
async def test_every_body_is_bounded_whatever_it_announces(size: int, status: int, path: str) -> None:
    async with client("") as http:
        headers = {"Content-Type": "application/json"}
        answer = await http.post(path, content=pieces(size), headers=headers)
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["code"] == "too_large"
