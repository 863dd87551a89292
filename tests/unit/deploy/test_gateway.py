"""The gateway: each path reaches its service, each service lives its own lifespan, and the parts' health adds up."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from unittest.mock import Mock

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.testclient import TestClient

from deploy.local.gateway import SERVICES, Gateway
from deploy.local.health import Health
from deploy.local.ports import free_port
from shared.clients import authorities
from shared.security import HEADERS


def service(name: str, lived: list[str]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, str]]:
        lived.append(f"{name} starts")
        yield {"name": name}
        lived.append(f"{name} stops")

    app = FastAPI(lifespan=lifespan)
    ready = 200 if name != "coach" else 503

    @app.get("/health/ready", status_code=ready, include_in_schema=False)
    async def health() -> str:
        return name

    @app.websocket("/{path:path}")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(name)
        await socket.close()

    @app.get("/{path:path}", include_in_schema=False)
    async def everything(request: Request, path: str) -> dict[str, str]:
        return {"service": request.state.name, "path": path}

    return app


@pytest.fixture
def lived() -> list[str]:
    return []


@pytest.fixture
def gateway(lived: list[str]) -> Gateway:
    services = {name: service(name, lived) for name in SERVICES}
    return Gateway(services, Health(services, {}, {}))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/auth/devices", "auth"),
        ("/.well-known/jwks.json", "auth"),
        ("/internal/identity", "auth"),
        ("/api/v1/sync", "ingest"),
        ("/api/v1/sync/hash", "ingest"),
        ("/internal/heads", "ingest"),
        ("/internal/events", "ingest"),
        ("/internal/snapshot", "ingest"),
        ("/internal/ingest/release", "ingest"),
        ("/api/v1/coach/chat", "coach"),
        ("/internal/coach/export", "coach"),
        ("/api/v1/workouts", "projector"),
        ("/api/v1/authors", "projector"),
        ("/internal/projector/export", "projector"),
    ],
)
def test_each_path_reaches_its_service(gateway: Gateway, path: str, expected: str) -> None:
    with TestClient(gateway) as client:
        answer = client.get(path)

    assert answer.json() == {"service": expected, "path": path.removeprefix("/")}


@pytest.mark.parametrize("path", ["/internal", "/internal/other", "/api", "/health/other"])
def test_what_is_nobodys_is_a_problem_document(gateway: Gateway, path: str) -> None:
    with TestClient(gateway) as client:
        answer = client.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_sockets_are_routed_too(gateway: Gateway) -> None:
    with TestClient(gateway) as client, client.websocket_connect("/api/v1/sync/ws") as socket:
        assert socket.receive_text() == "ingest"


def test_every_service_starts_before_and_stops_after_the_requests(gateway: Gateway, lived: list[str]) -> None:
    with TestClient(gateway):
        started = list(lived)

    assert started == [f"{name} starts" for name in SERVICES]
    assert sorted(lived[len(started) :]) == sorted(f"{name} stops" for name in SERVICES)


def test_one_part_that_is_not_ready_makes_the_whole_unready(gateway: Gateway) -> None:
    with TestClient(gateway) as client:
        ready, report = client.get("/health/ready"), client.get("/health")

    assert ready.status_code == 503
    assert report.status_code == 200
    assert report.json()["parts"] == {
        "auth": "ready",
        "ingest": "ready",
        "projector": "ready",
        "coach": 'not ready: "coach"',
    }


def test_engines_and_workers_that_do_not_answer_are_named(lived: list[str]) -> None:
    services = {"auth": service("auth", lived)}
    environment = {"DATABASE_URL_AUTH": "postgresql+asyncpg://a:b@127.0.0.1:1/auth", "KAFKA_BOOTSTRAP_SERVERS": ""}
    health = Health(services, {"auth-worker": "http://127.0.0.1:1"}, environment)

    with TestClient(Gateway(services, health)) as client:
        parts = client.get("/health").json()["parts"]

    assert parts["auth"] == "ready"
    assert parts["auth-worker"].startswith("does not answer")
    assert parts["postgres 127.0.0.1:1"].startswith("cannot connect")


async def test_asking_workers_does_not_read_who_vouches_for_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a process that has done so
    authorities()
    read = Mock(wraps=ssl.create_default_context)
    monkeypatch.setattr(ssl, "create_default_context", read)
    # when its workers are asked how they are, then every request need not wait for a list of certificates
    states = await Health({}, {"worker": f"http://127.0.0.1:{free_port()}"}, {}).parts()

    assert states["worker"].startswith("does not answer")
    assert not read.called


def test_the_origin_itself_leads_to_the_documentation(gateway: Gateway) -> None:
    with TestClient(gateway) as client:
        answer = client.get("/")

    assert [hop.headers["location"] for hop in answer.history] == ["/docs"]
    assert "/openapi.json" in answer.text


def test_the_documentation_page_loads_nothing_from_elsewhere(gateway: Gateway) -> None:
    with TestClient(gateway) as client:
        answer = client.get("/docs")
        page = answer.text

    assert "/openapi.json" in page
    assert "http:" not in page
    assert "https:" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/metrics", "/openapi.json", "/nothing"])
def test_what_it_answers_itself_has_the_security_headers(gateway: Gateway, path: str) -> None:
    with TestClient(gateway) as client:
        answer = client.get(path)

    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
