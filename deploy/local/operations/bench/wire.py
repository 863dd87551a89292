"""Just enough HTTP/1.1 to put load on a server: a general client would cost as much as the server that is measured."""

import asyncio
from dataclasses import dataclass
from typing import Self, cast
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` are the raw lines of the head, in lower case."""

    status: int
    headers: bytes
    body: bytes


class ConnectionEnded(Exception):
    """The server closed the connection, or spoke otherwise than this client understands."""


class Connection(asyncio.Protocol):
    """One kept-alive connection with one request at a time; opened again when the server closed it between two."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._received = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connects to the host and port of `url`."""
        connection = cls(url)
        await connection._connect()
        return connection

    async def _connect(self) -> None:
        parts = urlsplit(self._url)
        assert parts.hostname
        assert parts.port
        self._received.clear()
        await asyncio.get_running_loop().create_connection(lambda: self, parts.hostname, parts.port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionEnded("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = self._complete()
        if answer is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    async def send(self, request: bytes) -> Answer:
        """The answer to one whole request.

        Raises:
            ConnectionEnded
        """
        if self._transport is None or self._transport.is_closing():
            await self._connect()
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _complete(self) -> Answer | None:
        head, separator, _ = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        headers = bytes(head).lower()
        length = content_length(headers)
        end = len(head) + 4 + length
        if len(self._received) < end:
            return None
        body = bytes(self._received[len(head) + 4 : end])
        del self._received[:end]
        return Answer(int(headers[9:12]), headers, body)


def content_length(headers: bytes) -> int:
    """The length of the body that the head announces; this client does not read chunked bodies."""
    at = headers.find(b"content-length:")
    if at < 0:
        raise ConnectionEnded(f"an answer without a length: {headers[:100]!r}")
    return int(headers[at + 15 : headers.find(b"\r\n", at) if b"\r\n" in headers[at:] else None])


def request(method: str, path: str, token: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole request. Header names are given with underscores."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: stack",
        *([f"Authorization: Bearer {token}"] if token else []),
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
