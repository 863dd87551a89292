"""One origin for all services in one process: routing by path, health of every part, and one page of documentation."""

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.local.health import Health
from deploy.local.openapi import merged_openapi
from shared.errors import install_problem_documents
from shared.security import SecurityHeaders
from shared.telemetry import CorrelationMiddleware, configure_logging, metrics_endpoint

SERVICES = ("auth", "ingest", "projector", "coach")
ROUTES = {
    "/api/v1/auth": "auth",
    "/.well-known/jwks.json": "auth",
    "/internal/identity": "auth",
    "/api/v1/sync": "ingest",
    "/internal/heads": "ingest",
    "/internal/events": "ingest",
    "/internal/snapshot": "ingest",
    "/api/v1/coach": "coach",
    "/api/v1": "projector",
    **{f"/internal/{service}": service for service in SERVICES},
}
DOCS = Path(__file__).with_name("docs.html")
# The page is one file with its own script and style; it asks this origin and no other.
DOCS_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'"


def create_gateway() -> ASGIApp:
    """The gateway over the real services. `HYPERTROPHY_WORKERS` holds the workers' base URLs by name, as JSON."""
    services = {name: _service_app(name) for name in SERVICES}
    configure_logging("http", os.environ.get("LOG_LEVEL", "INFO"), os.environ.get("LOG_FORMAT", "auto"))
    return Gateway(services, Health(services, json.loads(os.environ.get("HYPERTROPHY_WORKERS", "{}")), os.environ))


def _service_app(name: str) -> FastAPI:
    create_app: Callable[[], FastAPI] = import_module(f"services.{name}.app").create_app
    return create_app()


class Gateway:
    """Hands each request to the service with the longest matching prefix, and answers the rest itself."""

    def __init__(self, services: Mapping[str, FastAPI], health: Health) -> None:
        self._services = services
        self._states: dict[str, Mapping[str, object]] = {}
        self._prefixes = sorted(ROUTES, key=len, reverse=True)
        self._own = self._own_app(health)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = self.service_of(scope["path"]) if scope["type"] in ("http", "websocket") else None
        if service is None:
            await self._own(scope, receive, send)
        else:
            # What the service's lifespan yielded belongs to it alone, and a request may add to its own copy only.
            await self._services[service]({**scope, "state": dict(self._states.get(service, {}))}, receive, send)

    def service_of(self, path: str) -> str | None:
        """The service that a path belongs to: prefixes end at a slash, so `/api/v1/authors` is not auth's."""
        for prefix in self._prefixes:
            if path == prefix or path.startswith(f"{prefix}/"):
                return ROUTES[prefix]
        return None

    def _own_app(self, health: Health) -> FastAPI:
        app = FastAPI(title="Hypertrophy", lifespan=self._lifespan, openapi_url=None)
        install_problem_documents(app)
        app.add_middleware(CorrelationMiddleware)
        app.add_middleware(SecurityHeaders)
        app.add_api_route("/", _home)
        app.add_api_route("/health", health.report)
        app.add_api_route("/health/live", _alive)
        app.add_api_route("/health/ready", health.ready)
        app.add_api_route("/openapi.json", self._openapi)
        app.add_api_route("/docs", _docs, response_class=HTMLResponse)
        app.add_api_route("/metrics", metrics_endpoint)
        return app

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for name, app in self._services.items():
                state = await stack.enter_async_context(app.router.lifespan_context(app))
                self._states[name] = state or {}
            yield

    async def _openapi(self) -> Response:
        return JSONResponse(merged_openapi({name: app.openapi() for name, app in self._services.items()}))


async def _alive() -> dict[str, str]:
    return {"status": "alive"}


async def _home() -> RedirectResponse:
    return RedirectResponse("/docs")


async def _docs() -> HTMLResponse:
    return HTMLResponse(DOCS.read_text(), headers={"Content-Security-Policy": DOCS_POLICY})
