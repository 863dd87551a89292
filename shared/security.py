"""What every answer tells browsers: who may read it, and to take it for nothing but data."""

from fastapi import FastAPI
from fastapi.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import SharedSettings

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "If-None-Match",
    "Last-Event-ID",
    "X-Correlation-ID",
    "X-Read-After",
)
LONGEST_BODY = 1024 * 1024  # bytes; a service may allow less
ANSWER_HEADERS = ("ETag", "Retry-After", "X-Correlation-ID", "X-Stale")


class SecurityHeaders:
    """Adds the headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                names = {name.lower() for name, _ in own}
                message["headers"] = [*own, *(header for header in _HEADERS if header[0] not in names)]
            await send(message)

        await self.app(scope, receive, with_headers)


class BodyLimit:
    """Refuses requests to paths below `within` whose body has more than `longest` bytes, with 413: before it is read,
    where it announces its length. Who sends it is asked only afterwards."""

    def __init__(self, app: ASGIApp, *, longest: int, within: str) -> None:
        self.app = app
        self.longest = longest
        self.within = within

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = scope["type"] == "http" and scope["path"].startswith(self.within)
        await self.app(scope, self._counted(scope, receive) if limited else receive, send)

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        received = 0

        async def counted() -> Message:
            nonlocal received
            if announced.isdigit() and int(announced) > self.longest:
                raise self._too_long()
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.longest:
                raise self._too_long()
            return message

        return counted

    def _too_long(self) -> HTTPException:
        return HTTPException(413, f"at most {self.longest} bytes a request")


def secure(app: FastAPI, settings: SharedSettings) -> None:
    """A bound on every body, and security headers on every answer; pages of the origins in `cors_origins`,
    and of no others, may read them.

    Tokens travel in a header that only scripts set, never in cookies, so there are no credentials to allow.
    """
    app.add_middleware(BodyLimit, longest=LONGEST_BODY, within="/")
    app.add_middleware(SecurityHeaders)
    if origins := settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST", "PATCH", "PUT", "DELETE"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
        )
