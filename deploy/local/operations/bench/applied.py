"""How many events the projector's workers have applied, as their own metrics say."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy.local.operations.bench.wire import Connection, request

COUNTER = b"consumer_applied_total "


@dataclass
class Applied:
    """`workers` are their base URLs. `count` is the newest reading since `watch` began."""

    workers: Sequence[str]
    count: int = 0
    _connections: list[Connection] = field(default_factory=list)

    async def read(self) -> int:
        """Applied events of all workers since they started."""
        if not self._connections:
            self._connections = [await Connection.open(url) for url in self.workers]
        answers = [await connection.send(request("GET", "/metrics", "")) for connection in self._connections]
        return sum(counted(answer.body) for answer in answers)

    async def watch(self, seconds: float = 0.2) -> None:
        """Keeps `count` up to date until it is cancelled."""
        started = await self.read()
        while True:
            self.count = await self.read() - started
            await asyncio.sleep(seconds)


def counted(metrics: bytes) -> int:
    """The counter in a page of Prometheus metrics; 0 where nothing was counted yet."""
    at = metrics.find(b"\n" + COUNTER)
    if at < 0:
        return 0
    return int(float(metrics[at + 1 + len(COUNTER) : metrics.find(b"\n", at + 1)]))
