"""What commands that need a server start from."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from client.answers import Refusal, Unreachable
from client.cli.opening import Log
from client.credentials import Credentials
from client.engine import SyncEngine
from client.joining import Joining
from client.protocol import Answer, Protocol
from client.session import origin

T = TypeVar("T")


class NotDone(Exception):
    """The server did not do what was asked."""


class Online:
    """The log and its server."""

    def __init__(self, log: Log, protocol: Protocol) -> None:
        self.log, self.protocol = log, protocol
        self.engine = SyncEngine(log.home, log.queue, log.session, protocol)

    @property
    def credentials(self) -> Credentials:
        return self.engine.credentials

    @property
    def joining(self) -> Joining:
        return Joining(self.engine.credentials, self.protocol)


def with_server(log: Log, action: Callable[[Online], Coroutine[Any, Any, T]], server: str | None = None) -> T:
    """Runs the action against the named server, else the remembered one.

    Raises:
        NoServer: where there is none.
        UnusableServer
    """

    async def run() -> T:
        protocol = Protocol(origin(server) if server else log.session.server)
        try:
            return await action(Online(log, protocol))
        finally:
            await protocol.close()

    return asyncio.run(run())


def use_server(log: Log, url: str) -> None:
    """Remembers the server, once it has answered: until then the one before stays, with its tokens.

    Raises:
        UnusableServer
        NotDone: where no server of ours answers.
    """
    server = origin(url)
    if log.session.has_server and log.session.server == server:
        return
    match with_server(log, lambda online: online.protocol.keys(), server):
        case Refusal(status=status):
            raise NotDone(f"what answers at {server} is no server of Hypertrophy ({status}); {_staying(log)}")
        case Unreachable(reason=reason):
            raise NotDone(f"nothing answers at {server} ({reason}); {_staying(log)}")
        case _:
            log.session.use_server(server)


def _staying(log: Log) -> str:
    return f"the server is still {log.session.server}" if log.session.has_server else "it is not remembered"


def given(answer: Answer[T]) -> T:
    """The answer. Raises NotDone with the server's words where there is none."""
    match answer:
        case Refusal(status, code, detail):
            raise NotDone(f"the server refused ({status} {code}): {detail or code}")
        case Unreachable():
            raise NotDone(str(answer))
        case _:
            return answer
