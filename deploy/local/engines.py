"""Both engines of the local run, together or one by one. `python -m deploy.local.engines DATA` starts them alone."""

import argparse
import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from deploy.local.folders import private_folder
from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres

SERVICES = ("ingest", "projector", "auth", "coach")
KAFKA_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"


def database_variable(service: str) -> str:
    return f"DATABASE_URL_{service.upper()}"


class Engines:
    """PostgreSQL, with one database and one owner a service, and Kafka, both keeping everything in one data folder.

    `async with Engines(folder) as engines:` starts and stops them; `engines.postgres` and `engines.kafka` have
    `start()`, `stop()`, `kill()`, `pause()` and `resume()` of their own, and keep their data, ports and passwords.
    """

    def __init__(
        self,
        data: Path,
        console: Console | None = None,
        databases: Sequence[str] = SERVICES,
        given: Mapping[str, str] | None = None,
    ) -> None:
        """`given` are addresses, by their names in the environment, of engines that run elsewhere: what it covers is
        not started here."""
        self.data = private_folder(data.expanduser().resolve())
        self.postgres = EmbeddedPostgres(self.data, databases)
        self.kafka = EmbeddedKafka(self.data, console)
        self._given = {name: value for name, value in (given or {}).items() if name in self._own_addresses()}

    def postgres_url(self, database: str) -> str:
        """`postgresql+asyncpg://…` of a service's database, as the role that owns it."""
        return self._given.get(database_variable(database)) or self.postgres.url(database)

    @property
    def kafka_bootstrap(self) -> str:
        return self._given.get(KAFKA_VARIABLE) or self.kafka.bootstrap

    def environment(self) -> dict[str, str]:
        """The addresses as every process of the product expects them."""
        return self._own_addresses() | self._given

    @property
    def embedded(self) -> Sequence[EmbeddedPostgres | EmbeddedKafka]:
        """The engines that run here, in the order in which they are stopped last to first."""
        own = set(self._own_addresses()) - set(self._given)
        kafka = [self.kafka] if KAFKA_VARIABLE in own else []
        postgres = [self.postgres] if own - {KAFKA_VARIABLE} else []
        return [*postgres, *kafka]

    async def start(self) -> None:
        await asyncio.gather(*(engine.start() for engine in self.embedded))

    async def stop(self) -> None:
        for engine in reversed(self.embedded):
            await engine.stop()

    def _own_addresses(self) -> dict[str, str]:
        urls = {database_variable(name): self.postgres.url(name) for name in self.postgres.databases}
        return urls | {KAFKA_VARIABLE: self.kafka.bootstrap}

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
    parser = argparse.ArgumentParser(description="Runs PostgreSQL and Kafka until it is interrupted.")
    parser.add_argument("data", type=Path, help="the folder that keeps their data")
    asyncio.run(serve(parser.parse_args().data))
