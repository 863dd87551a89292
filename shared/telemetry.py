"""Structured logs, the correlation id that runs from request to projection, and metrics."""

import logging
import re
import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
traceparent: ContextVar[str] = ContextVar("traceparent", default="")

CORRELATION_HEADER = "X-Correlation-ID"
_ACCEPTABLE = re.compile(r"^[A-Za-z0-9._:/+=-]{1,128}$")


def new_correlation_id() -> str:
    """An id for work that nobody named."""
    return str(uuid4())


def log() -> structlog.stdlib.BoundLogger:
    """The logger of this process."""
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger())


def _add_correlation_id(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if value := correlation_id.get():
        event.setdefault("correlation_id", value)
    return event


def configure_logging(service: str, level: str = "INFO", format: str = "auto") -> None:
    """One JSON object a line, or readable colours on a terminal; the libraries' logs take the same way."""
    console = format == "console" or (format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation_id,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


class CorrelationMiddleware:
    """Takes or makes the correlation id, keeps it for logs and records, returns it, and logs each call from outside.

    What is logged of a call names neither its query nor its body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = {name.lower(): value for name, value in scope["headers"]}
        given = headers.get(b"x-correlation-id", b"").decode("latin-1")
        correlation_id.set(given if _ACCEPTABLE.match(given) else new_correlation_id())
        traceparent.set(headers.get(b"traceparent", b"").decode("latin-1"))
        call = _Call(send, correlation_id.get())
        began = time.perf_counter()
        try:
            await self.app(scope, receive, call.send)
        finally:
            if scope["type"] == "http" and scope["path"].startswith("/api/"):
                took = round((time.perf_counter() - began) * 1000, 1)
                log().info("call", method=scope["method"], path=scope["path"], status=call.status, ms=took)


@dataclass
class _Call:
    """Sends an answer with its correlation id; `status` is there once the answer has begun."""

    _send: Send
    _id: str
    status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            MutableHeaders(scope=message)[CORRELATION_HEADER] = self._id
        await self._send(message)


async def metrics_endpoint(_: Request) -> Response:
    """The process's Prometheus metrics."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
