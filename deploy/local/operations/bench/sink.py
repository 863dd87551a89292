"""A server that accepts everything at no cost: what the load generator reaches against it is its own ceiling."""

import asyncio
from typing import cast

from deploy.local.operations.bench.wire import content_length

ACCEPTED = b'{"ack_cursor":{"last_acked_sequence":9007199254740991},"errors":[]}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(ACCEPTED), ACCEPTED)


class Sink(asyncio.Protocol):
    """Reads whole requests and answers that everything is acknowledged."""

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, _ = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        end = len(head) + 4 + content_length(bytes(head).lower())
        if len(self._received) >= end:
            del self._received[:end]
            self._transport.write(ANSWER)


async def serve() -> None:
    """Prints its port, then serves until it is ended."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
