"""The server's HTTP interface, as typed calls. Nothing is retried here, and nothing raised that a network can cause."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from math import isfinite
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import httpx2

from client.answers import Hint, Page, Refusal, SyncAnswer, Tokens, Unreachable, UserDigest
from client.events import LoggedEvent
from client.ids import new_id
from shared.digests import Digest

T = TypeVar("T")
Answer: TypeAlias = T | Refusal | Unreachable
_AUTH = "/api/v1/auth"
_SYNC = "/api/v1/sync"
_TIMEOUT = httpx2.Timeout(30, connect=5)
# Hints may be hours apart; the server's comments keep the stream alive in between.
_QUIET_S = 90


class Protocol:
    """One server. `transport` stands in for the network in tests."""

    def __init__(self, server: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self.server = server
        self._client = httpx2.AsyncClient(base_url=server, timeout=_TIMEOUT, transport=transport)

    async def close(self) -> None:
        await self._client.aclose()

    async def keys(self) -> Answer[Mapping[str, Any]]:
        """The public keys, which every server of ours tells everybody."""
        response = await self._send("GET", "/.well-known/jwks.json", None, None)
        return response if isinstance(response, Unreachable) else _read(response, _keys)

    async def create_device(self, device_id: UUID, secret: str, *, bearer: str | None = None) -> Answer[Tokens]:
        """A first launch, a proof by secret, or, with a bearer, one more device of that user."""
        body = {"device_id": str(device_id), "device_secret": secret, **_this_machine()}
        return await self._tokens("/devices", body, bearer)

    async def refresh(self, refresh_token: str) -> Answer[Tokens]:
        return await self._tokens("/refresh", {"refresh_token": refresh_token})

    async def register(self, bearer: str, email: str, password: str, display_name: str | None = None) -> Answer[Tokens]:
        body = {"email": email, "password": password}
        return await self._tokens("/register", body | ({"display_name": display_name} if display_name else {}), bearer)

    async def login(self, email: str, password: str, device_id: UUID, bearer: str | None = None) -> Answer[Tokens]:
        body = {"email": email, "password": password, "device_id": str(device_id), **_this_machine()}
        return await self._tokens("/login", body, bearer)

    async def logout(self, bearer: str, *, discard: bool = False) -> Answer[Mapping[str, Any]]:
        return await self._call("POST", f"{_AUTH}/logout", _any, bearer, {"discard": True} if discard else {})

    async def me(self, bearer: str) -> Answer[Mapping[str, Any]]:
        return await self._call("GET", f"{_AUTH}/me", _any, bearer)

    async def devices(self, bearer: str) -> Answer[Mapping[str, Any]]:
        return await self._call("GET", f"{_AUTH}/devices", _any, bearer)

    async def revoke(self, bearer: str, device_id: UUID) -> Answer[Mapping[str, Any]]:
        return await self._call("DELETE", f"{_AUTH}/devices/{device_id}", _any, bearer)

    async def sync(
        self,
        bearer: str,
        device_id: UUID,
        user_id: UUID | None,
        events: Iterable[LoggedEvent],
        gaps: Iterable[tuple[int, int]] = (),
    ) -> Answer[SyncAnswer]:
        """Sends a batch, which may be empty to ask for the cursor."""
        body: dict[str, Any] = {"device_id": str(device_id), "events": [event.as_sent() for event in events]}
        if user_id:
            body["user_id"] = str(user_id)
        if declared := [list(gap) for gap in gaps]:
            body["declared_gaps"] = declared
        return await self._call("POST", _SYNC, SyncAnswer.parse, bearer, body)

    async def hash(self, bearer: str) -> Answer[UserDigest]:
        return await self._call("GET", f"{_SYNC}/hash", UserDigest.parse, bearer)

    async def hash_of(self, bearer: str, device_id: UUID, first: int, last: int) -> Answer[Digest]:
        """The server's event digest of a range of a device's numbers, both ends included."""
        query = f"device_id={device_id}&from={first}&to={last}"
        return await self._call("GET", f"{_SYNC}/hash?{query}", _digest, bearer)

    async def events(
        self, bearer: str, after: str | None, *, limit: int = 500, exclude_device: UUID | None = None
    ) -> Answer[Page]:
        query = {"limit": str(limit)}
        if after is not None:
            query["after"] = after
        if exclude_device is not None:
            query["exclude_device"] = str(exclude_device)
        return await self._call("GET", f"{_SYNC}/events?{httpx2.QueryParams(query)}", Page.parse, bearer)

    async def read(self, bearer: str, path: str, headers: Mapping[str, str] | None = None) -> Answer[Mapping[str, Any]]:
        """A read model, such as `/projections/status`."""
        return await self._call("GET", f"/api/v1{path}", _any, bearer, headers=headers)

    async def hints(self, bearer: str) -> AsyncIterator[Hint | Refusal | Unreachable]:
        """Live hints until the stream ends. The last one says why, where the server did not just hang up."""
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "text/event-stream"}
        timeout = httpx2.Timeout(30, connect=5, read=_QUIET_S)
        try:
            async with self._client.stream("GET", f"{_SYNC}/stream", headers=headers, timeout=timeout) as response:
                if response.status_code != 200:
                    await response.aread()
                    yield _refusal(response)
                    return
                async for line in response.aiter_lines():
                    if line.startswith("data:") and (hint := _hint(line[5:])):
                        yield hint
        except httpx2.HTTPError as error:
            yield Unreachable(_said(error))

    async def _tokens(self, path: str, body: Mapping[str, Any], bearer: str | None = None) -> Answer[Tokens]:
        response = await self._send("POST", _AUTH + path, bearer, body)
        if isinstance(response, Unreachable):
            return response
        return _read(response, lambda value: Tokens.parse(value, response.status_code))

    async def _call(
        self,
        method: str,
        path: str,
        parse: Callable[[Mapping[str, Any]], T],
        bearer: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer[T]:
        response = await self._send(method, path, bearer, body, headers)
        return response if isinstance(response, Unreachable) else _read(response, parse)

    async def _send(
        self,
        method: str,
        path: str,
        bearer: str | None,
        body: Mapping[str, Any] | None,
        extra: Mapping[str, str] | None = None,
    ) -> httpx2.Response | Unreachable:
        headers = {"X-Correlation-ID": str(new_id()), **(extra or {})}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            return await self._client.request(method, path, headers=headers, content=content)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return Unreachable(_said(error))


def _read(response: httpx2.Response, parse: Callable[[Mapping[str, Any]], T]) -> Answer[T]:
    if not response.is_success:
        return _refusal(response)
    try:
        return parse(response.json() if response.content else {})
    except (ValueError, KeyError, TypeError) as error:
        return Unreachable(f"the answer could not be read: {error!r}")


def _refusal(response: httpx2.Response) -> Refusal:
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, detail = f"http_{response.status_code}", response.reason_phrase
    return Refusal(response.status_code, code, detail, _seconds(response.headers.get("Retry-After")))


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text) if text else None
    except ValueError:
        return None
    return seconds if seconds is not None and isfinite(seconds) and seconds >= 0 else None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _this_machine() -> Mapping[str, str]:
    """What people know the device by, in a list of all."""
    return {"name": socket.gethostname(), "platform": "python"}


def _keys(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"keys": value["keys"]}


def _any(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return value


def _digest(value: Mapping[str, Any]) -> Digest:
    return Digest.parse(int(value["count"]), str(value["hash"]))


def _hint(text: str) -> Hint | None:
    """A frame's data; None for what is not one of ours."""
    try:
        value = json.loads(text)
        return Hint(str(value["type"]), value.get("data") or {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
