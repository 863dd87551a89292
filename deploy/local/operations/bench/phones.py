"""The phones of the load generator: each has a user and a connection of its own, and sends its batches in order."""

import asyncio
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from client.ids import new_id
from deploy.local.operations.bench.wire import Answer, Connection, request
from deploy.local.operations.bench.workload import Batch, batches, life

SYNC = "/api/v1/sync"


class UnexpectedAnswer(Exception):
    """The server answered otherwise than the protocol says."""


@dataclass
class Phone:
    """`shed` counts requests that the server asked to send again later."""

    url: str
    device_id: UUID
    token: str
    connection: Connection
    batches: Iterator[Batch]
    acked: int = 0
    shed: int = 0
    seconds: list[float] = field(default_factory=list)

    async def push(self, batch: Batch, *, since: float | None = None) -> None:
        """Sends until it is acknowledged; the time counts from `since`, when the batch was due.

        Raises:
            UnexpectedAnswer
        """
        last, body = batch
        started = time.perf_counter() if since is None else since
        while (answer := await self.connection.send(request("POST", SYNC, self.token, body))).status in (429, 503):
            self.shed += 1
            await asyncio.sleep(0.1)
        said = expect(answer, 200)
        if said["errors"] or said["ack_cursor"]["last_acked_sequence"] < last:
            raise UnexpectedAnswer(f"a batch up to {last} was answered with {answer.body[:300]!r}")
        self.acked = last
        self.seconds.append(time.perf_counter() - started)


async def register(url: str, events: int, batch: int) -> Phone:
    """A new anonymous user's phone that has logged `events` and sends `batch` of them a request."""
    connection = await Connection.open(url)
    device_id = new_id()
    body = to_json({"device_id": str(device_id), "device_secret": secrets.token_hex(32)})
    answer = expect(await connection.send(request("POST", "/api/v1/auth/devices", "", body)), 201)
    return Phone(url, device_id, answer["access_token"], connection, batches(device_id, life(events), batch))


async def register_all(url: str, count: int, events: int, batch: int) -> Sequence[Phone]:
    """`count` phones of users who know nothing of each other."""
    return [await register(url, events, batch) for _ in range(count)]


def expect(answer: Answer, status: int) -> Any:
    """The JSON of an answer with this status."""
    if answer.status != status:
        raise UnexpectedAnswer(f"answered {answer.status}: {answer.body[:300]!r}")
    return from_json(answer.body)
