"""The databases of a data folder, as PostgreSQL's own tools reach them, whether a stack runs or not."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg
from sqlalchemy import URL, make_url

from deploy.local.engines import SERVICES, database_variable
from deploy.local.folders import private_folder, secret
from deploy.local.postgres import EmbeddedPostgres, binaries
from deploy.local.processes import StartError, end_leftovers
from deploy.local.stack import claim, find_stack


class ToolFailed(Exception):
    """pg_dump or pg_restore said no."""


@dataclass(frozen=True)
class Databases:
    """`urls` are by service, as a role that may read and write everything; `owners` as the service's own role."""

    urls: Mapping[str, URL]
    owners: Mapping[str, URL]

    @classmethod
    def of(cls, data: Path, owners: Mapping[str, URL]) -> Self:
        """The databases at these addresses."""
        return cls({name: unrestricted(data, url) for name, url in owners.items()}, owners)

    @asynccontextmanager
    async def connection(
        self, service: str, database: str | None = None
    ) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection to a service's database, or to another one of the same server."""
        url = self.urls[service].set(drivername="postgresql", database=database or self.urls[service].database)
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        try:
            yield connection
        finally:
            await connection.close()

    async def dump(self, service: str, target: Path, snapshot: str | None = None) -> None:
        """The whole database in PostgreSQL's own compressed format; of one moment, where a snapshot names it."""
        options = ["--format=custom", "--file", str(target), *([f"--snapshot={snapshot}"] if snapshot else [])]
        await run_tool("pg_dump", self.urls[service], *options)

    async def load(self, service: str, database: str, source: Path) -> None:
        """Fills an empty database from a dump, all or nothing."""
        await run_tool(
            "pg_restore",
            self.urls[service].set(database=database),
            "--single-transaction",
            "--exit-on-error",
            str(source),
        )


async def run_tool(name: str, url: URL, *options: str) -> None:
    """Runs one of PostgreSQL's tools. The password goes through the environment, where other users cannot read it.

    Raises:
        ToolFailed
    """
    target = URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()
    process = await asyncio.create_subprocess_exec(
        str(binaries() / name),
        "--no-password",
        "--dbname",
        target,
        *options,
        env={**os.environ, "PGPASSWORD": url.password or ""},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        raise ToolFailed(f"{name}: {said.decode(errors='replace').strip()}")


@asynccontextmanager
async def reachable(data: Path) -> AsyncIterator[Databases]:
    """The databases of a running stack, or of one that does not run: then PostgreSQL is started for the moment.

    Raises:
        StartError: when there is nothing in the folder, or it does not start.
    """
    stack = find_stack(data)
    if stack is not None:
        yield Databases.of(data, {name: make_url(stack.environment[database_variable(name)]) for name in SERVICES})
        return
    if not (data / "postgres").exists():
        raise StartError(f"there are no databases in {data}")
    with claimed(data):
        async with alone(data) as found:
            yield found


@asynccontextmanager
async def alone(data: Path) -> AsyncIterator[Databases]:
    """PostgreSQL without anything else, in a claimed folder."""
    end_leftovers(data)
    postgres = EmbeddedPostgres(private_folder(data), SERVICES)
    try:
        await postgres.start()
        yield Databases.of(data, {name: make_url(postgres.url(name)) for name in SERVICES})
    finally:
        await postgres.stop()


def unrestricted(data: Path, url: URL) -> URL:
    """As the superuser of the embedded server, whom no row-level security keeps from rows. For a server elsewhere the
    address stays as it is given."""
    if not (data / "postgres" / "PG_VERSION").exists():
        return url
    return url.set(username="postgres", password=secret(data, "postgres-postgres"))


@contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Keeps every stack away from the folder meanwhile.

    Raises:
        StartError: when somebody has it.
    """
    with claim(private_folder(data), "of a backup or restore"):
        yield
