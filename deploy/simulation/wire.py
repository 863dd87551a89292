"""What phones say and hear, as bytes on their way: lost, late, doubled, cut short."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from client.answers import Unreachable
from client.protocol import Protocol
from deploy.simulation.running import said


@dataclass(frozen=True, eq=False)
class Call:
    """One request. Two calls are never equal: each has its own answer."""

    method: str
    path: str
    bearer: str | None
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer as bytes."""

    status: int
    body: bytes
    retry_after: str | None = None

    def response(self) -> httpx2.Response:
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        return httpx2.Response(self.status, content=self.body, headers=headers)

    def cut_short(self) -> "Reply":
        return Reply(self.status, self.body[: len(self.body) // 2], self.retry_after)


class Wire(Protocol):
    """The client's own protocol over a network that the world moves."""

    def __init__(self) -> None:
        self.server = "simulated"

    async def _send(
        self,
        method: str,
        path: str,
        bearer: str | None,
        body: Mapping[str, Any] | None,
        extra: Mapping[str, str] | None = None,
    ) -> httpx2.Response | Unreachable:
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        reply: Reply | Unreachable = await said(Call(method, path, bearer, content))
        return reply if isinstance(reply, Unreachable) else reply.response()
