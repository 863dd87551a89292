"""The health of the whole stack: each service's app in this process, each worker over HTTP, and the engines."""

import asyncio
from collections.abc import Awaitable, Mapping
from urllib.parse import urlsplit

import asyncpg
import httpx2
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from shared.clients import authorities

SECONDS = 3.0


class Health:
    """`environment` holds the engines' addresses: `DATABASE_URL_<SERVICE>` and `KAFKA_BOOTSTRAP_SERVERS`."""

    def __init__(
        self, services: Mapping[str, FastAPI], workers: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        self._services = services
        self._workers = workers
        self._kafka = environment.get("KAFKA_BOOTSTRAP_SERVERS")
        urls = [value for name, value in environment.items() if name.startswith("DATABASE_URL_")]
        self._databases = {urlsplit(url).netloc.rpartition("@")[2]: url for url in urls}

    async def report(self) -> Response:
        """Every part with its state; 200 even when one is not ready, because this process answers."""
        parts = await self.parts()
        return JSONResponse({"status": overall(parts), "parts": parts})

    async def ready(self) -> Response:
        """200 only when every part is ready, else 503."""
        parts = await self.parts()
        status = overall(parts)
        return JSONResponse({"status": status, "parts": parts}, 200 if status == "ready" else 503)

    async def parts(self) -> dict[str, str]:
        """Each part's state: `ready`, or why it is not."""
        checks = {
            **{name: service_state(app) for name, app in self._services.items()},
            **{name: worker_state(url) for name, url in self._workers.items()},
            **{f"postgres {server}": database_state(url) for server, url in self._databases.items()},
            **({"kafka": kafka_state(self._kafka)} if self._kafka else {}),
        }
        states = await asyncio.gather(*(bounded(check) for check in checks.values()))
        return dict(zip(checks, states, strict=True))


def overall(parts: Mapping[str, str]) -> str:
    return "ready" if all(state == "ready" for state in parts.values()) else "not ready"


async def bounded(check: Awaitable[str]) -> str:
    try:
        return await asyncio.wait_for(check, SECONDS)
    except TimeoutError:
        return f"no answer in {SECONDS:.0f} s"


async def service_state(app: FastAPI) -> str:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as client:
        return state_of(await client.get("/health/ready"))


async def worker_state(url: str) -> str:
    async with httpx2.AsyncClient(timeout=SECONDS, verify=authorities()) as client:
        try:
            return state_of(await client.get(f"{url}/health/ready"))
        except httpx2.HTTPError as error:
            return f"does not answer ({type(error).__name__})"


def state_of(answer: httpx2.Response) -> str:
    return "ready" if answer.is_success else f"not ready: {answer.text[:500] or answer.status_code}"


async def database_state(url: str) -> str:
    try:
        connection = await asyncpg.connect(url.replace("+asyncpg", "", 1), timeout=SECONDS)
    except (OSError, asyncpg.PostgresError) as error:
        return f"cannot connect ({type(error).__name__})"
    await connection.close()
    return "ready"


async def kafka_state(bootstrap: str) -> str:
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=int(SECONDS * 1000))
    try:
        await client.bootstrap()
        return "ready" if client.cluster.brokers() else "has no broker"
    except KafkaError as error:
        return f"cannot connect ({type(error).__name__})"
    finally:
        await client.close()
