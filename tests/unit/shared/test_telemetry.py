"""What a call leaves in the log: enough to find it again by its id, and nothing that it said."""

import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from shared.errors import Forbidden, install_problem_documents
from shared.telemetry import CORRELATION_HEADER, CorrelationMiddleware, configure_logging


@pytest.fixture
def level() -> str:
    return "INFO"


@pytest.fixture
def http(level: str) -> Iterator[httpx2.AsyncClient]:
    root = logging.getLogger()
    handlers, before = root.handlers[:], root.level
    configure_logging("service", level, "json")
    root.handlers[:] = handlers
    app = FastAPI()
    install_problem_documents(app)
    app.add_middleware(CorrelationMiddleware)
    for path in ("/api/v1/words", "/health"):
        app.add_api_route(path, refuse, methods=["POST"])
    yield httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service")
    root.setLevel(before)


async def refuse(words: list[str]) -> None:
    raise Forbidden("no")


def calls(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record.msg for record in caplog.records if record.name == "shared.telemetry"]


async def test_a_call_is_logged_with_its_id_and_nothing_that_it_said(
    http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await http.post("/api/v1/words?ticket=secret", json=["secret"], headers={CORRELATION_HEADER: "my-id"})

    (said,) = calls(caplog)
    assert (said["event"], said["correlation_id"]) == ("call", "my-id")
    assert (said["method"], said["path"], said["status"]) == ("POST", "/api/v1/words", 403)
    assert said["ms"] >= 0
    assert "secret" not in str(said)


async def test_what_only_watches_is_not_logged(http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    await http.post("/health", json=[])
    assert calls(caplog) == []


@pytest.mark.parametrize("level", ["WARNING"])
async def test_whoever_wants_warnings_only_gets_no_calls(
    http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await http.post("/api/v1/words", json=[])
    assert calls(caplog) == []
