"""Both engines of the local run, together or one by one. `python -m deploy.local.engines DATA` starts them alone."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from deploy.local.folders import private_folder
from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres

SERVICES = ("ingest", "projector", "auth", "coach")


class Engines:
    """PostgreSQL, with one database and one owner a service, and Kafka, both keeping everything in one data folder.

    `async with Engines(folder) as engines:` starts and stops them; `engines.postgres` and `engines.kafka` have
    `start()`, `stop()`, `kill()`, `pause()` and `resume()` of their own, and keep their data, ports and passwords.
    """

    def __init__(self, data: Path, console: Console | None = None, databases: Sequence[str] = SERVICES) -> None:
        self.data = private_folder(data.expanduser().resolve())
        self.postgres = EmbeddedPostgres(self.data, databases)
        self.kafka = EmbeddedKafka(self.data, console)

    def postgres_url(self, database: str) -> str:
        """`postgresql+asyncpg://…` of a service's database, as the role that owns it."""
        return self.postgres.url(database)

    @property
    def kafka_bootstrap(self) -> str:
        return self.kafka.bootstrap

    def environment(self) -> dict[str, str]:
        """The addresses as every process of the product expects them."""
        urls = {f"DATABASE_URL_{name.upper()}": self.postgres_url(name) for name in self.postgres.databases}
        return urls | {"KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap}

    async def start(self) -> None:
        await asyncio.gather(self.postgres.start(), self.kafka.start())

    async def stop(self) -> None:
        await self.kafka.stop()
        await self.postgres.stop()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def serve(data: Path) -> None:
    """Prints the addresses as shell assignments and keeps the engines until it is interrupted."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with Engines(data, Console(stderr=True)) as engines:
        for name, value in engines.environment().items():
            print(f"export {name}='{value}'", flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
