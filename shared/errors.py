"""Named errors with a status and a stable code, and their RFC 9457 problem documents."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import correlation_id, log

PROBLEM_JSON = "application/problem+json"
_TEXT = {"type": "string"}
_PROBLEM = {
    "title": "Problem",
    "type": "object",
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "code", "correlation_id"), _TEXT),
        "status": {"type": "integer"},
        "field": {**_TEXT, "description": "The place that is at fault, such as `events[3].event_id`."},
    },
    "required": ["type", "title", "status", "detail", "code", "correlation_id"],
}
DESCRIBED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, by its stable `code` (RFC 9457).",
        "content": {PROBLEM_JSON: {"schema": _PROBLEM}},
    }
}
"""How an OpenAPI document describes every answer that is no success."""


class Problem(Exception):
    """An error that a caller is told about. Subclasses give `status` and `code`; `extra` adds members."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra


class InvalidRequest(Problem):
    """`field` names the place, such as `events[3].event_id`."""

    status, code = 422, "invalid_request"


class MalformedJson(Problem):
    status, code = 400, "malformed_json"


class NotAuthenticated(Problem):
    status, code = 401, "not_authenticated"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class InvalidToken(NotAuthenticated):
    code = "invalid_token"


class TokenExpired(NotAuthenticated):
    """Retryable: refresh, then send again."""

    code = "token_expired"


class Forbidden(Problem):
    status, code = 403, "forbidden"


class WrongDevice(Forbidden):
    code = "wrong_device"


class DeviceRevoked(Forbidden):
    """The device's queue stays, and goes on after a login."""

    code = "device_revoked"


class NotFound(Problem):
    status, code = 404, "not_found"


class Conflict(Problem):
    status, code = 409, "conflict"


class Gone(Problem):
    status, code = 410, "gone"


class UserErased(Gone):
    """Final: the phone keeps its log, the server forgets the user."""

    code = "user_erased"


class TooLarge(Problem):
    status, code = 413, "too_large"


class _RetryLater(Problem):
    """`retry_after` in seconds, at least 1."""

    def __init__(self, detail: str = "", *, retry_after: float = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, round(retry_after)))})


class TooManyRequests(_RetryLater):
    status, code = 429, "too_many_requests"


class Unavailable(_RetryLater):
    """Nothing was changed; the same request may be sent again."""

    status, code = 503, "unavailable"


def problem_document(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of RFC 9457 and ours."""
    return {
        "type": f"https://hypertrophy.example/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": correlation_id.get(),
        **extra,
    }


def problem_response(problem: Problem) -> JSONResponse:
    """The problem as an answer."""
    document = problem_document(problem.status, problem.code, problem.detail, **problem.extra)
    return JSONResponse(document, problem.status, problem.headers, PROBLEM_JSON)


def place(location: tuple[int | str, ...]) -> str:
    """A Pydantic location as a reader writes it: `events[3].event_id`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def in_plain_words(message: str) -> str:
    """A Pydantic message as a caller is told it: what our own validators say is marked with a word of Pydantic's."""
    return message.removeprefix("Value error, ")


_CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return problem_response(error)


async def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem_response(MalformedJson("the body is not JSON"))
    location = [part for part in first["loc"] if part not in ("body", "query", "path", "header")]
    field = place(tuple(location)) or str(first["loc"][0])
    return problem_response(InvalidRequest(f"{field}: {in_plain_words(first['msg'])}", field=field))


async def _on_http_exception(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    document = problem_document(error.status_code, code, str(error.detail))
    return JSONResponse(document, error.status_code, error.headers, PROBLEM_JSON)


class BugAnswer:
    """Answers what nobody foresaw as a problem document too, innermost, so that the answer bears the headers of every
    other and the connection lives on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            log().error("unhandled_error", path=scope["path"], exc_info=error)
            if begun:
                raise
            problem = Problem("something went wrong here; the correlation id finds it in the logs")
            await problem_response(problem)(scope, receive, send)


def install_problem_documents(app: FastAPI) -> None:
    """Every error of the app leaves it as a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_middleware(BugAnswer)
