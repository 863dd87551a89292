"""The whole product on one machine: engines, migrations, topics and every role as a supervised process."""

import asyncio
import errno
import fcntl
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx2
from aiokafka.errors import KafkaError
from rich.console import Console

from deploy.local.engines import Engines
from deploy.local.folders import erased_ids_file, private_folder, restore_folder, secret, write_json
from deploy.local.ports import free_port, reserved
from deploy.local.processes import Process, Program, StartError, end_leftovers, started_at
from deploy.local.roles import ROOT, Role, Roles, product_roles, program
from deploy.local.supervisor import Supervisor, Watched
from shared.clients import authorities

READY_SECONDS, READY_PAUSE_SECONDS = 90.0, 0.5
REBUILD_LOOK_SECONDS = 10.0
Report = Callable[[str], None]


def silent(_step: str) -> None:
    """For stacks that nobody watches start."""


@dataclass(frozen=True)
class RunningStack:
    """A stack that another process runs: `environment` holds the engines' addresses, `pids` its processes by name."""

    url: str
    supervisor: int
    pids: Mapping[str, int]
    environment: Mapping[str, str]


def find_stack(data: Path) -> RunningStack | None:
    """The stack that runs on this data folder now, if one does."""
    description = data / "stack.json"
    if not description.exists():
        return None
    content = json.loads(description.read_text())
    if started_at(content["supervisor"]) != content["supervisor_started"]:
        return None
    return RunningStack(content["url"], content["supervisor"], content["pids"], content["environment"])


def holder(data: Path) -> str | None:
    """Who has the data folder now, such as `process 7 at http://127.0.0.1:8000`; None where nobody does."""
    if not (data / "lock").exists():
        return None
    with (data / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _written(lock)
    return None


def claim(data: Path, what: str) -> IO[str]:
    """The data folder's lock; whoever asks meanwhile is told that this process, `what`, has it.

    Raises:
        StartError: when somebody else has it.
    """
    lock = (data / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        with lock:
            raise StartError(
                f"{data} is in use by {_written(lock)}; stop that one, or choose another --data"
            ) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()} {what}")
    lock.flush()
    return lock


def _written(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip() or "another process"


class Stack:
    """`async with Stack(data=…) as stack:` runs everything until the block ends.

    `stack.url` is the address of all services, `stack.processes["projector-worker"]` one process to kill, pause or
    resume (what is killed is started again), `stack.engines.kafka` an engine to kill and start. `settings` are further
    environment variables for every process. Port 0 takes a free one.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        settings: Mapping[str, str] | None = None,
        roles: Roles | None = None,
        console: Console | None = None,
        report: Report = silent,
    ) -> None:
        self.data = private_folder(data.expanduser().resolve())
        self.host, self.port = host, port or free_port()
        self.settings = dict(settings or {})
        self.roles = roles or product_roles()
        self.report = report
        self.engines = Engines(self.data, console, given={**os.environ, **self.settings})
        self._ports = {role.name: free_port() for role in self.roles.workers}
        self.processes = {role.name: self._process(role) for role in [*self.roles.http, *self.roles.workers]}
        self.supervisor = Supervisor(self._restarted)
        self._to_stand_back: set[asyncio.Task[None]] = set()
        self._lock: IO[str] | None = None
        self._address: socket.socket | None = None

    @property
    def url(self) -> str:
        """The origin of all services, as this machine reaches it."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def _http(self) -> list[Process]:
        return [self.processes[role.name] for role in self.roles.http]

    @property
    def _gate(self) -> Path:
        """Made when the engines are up: until then the services only import what they need."""
        return self.data / "run" / "gate"

    def environment(self) -> dict[str, str]:
        """What every process is told."""
        secret(self.data, "service-token")
        services = {f"{name.upper()}_URL": self.url for name in ("ingest", "projector", "auth", "coach")}
        return {
            **self.engines.environment(),
            **services,
            "SERVICE_TOKEN_FILE": str(self.data / "secrets" / "service-token"),
            "HYPERTROPHY_DATA": str(self.data),
            "INGEST_ERASED_IDS_FILE": str(erased_ids_file(self.data)),
            "HYPERTROPHY_GATE": str(self._gate),
            "HYPERTROPHY_WORKERS": json.dumps({name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}),
            **self.settings,
        }

    async def start(self) -> None:
        """Starts everything and waits until it is ready.

        Raises:
            StartError: when the data folder or the port is in use, or a part does not come up.
        """
        self._claim()
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        end_leftovers(self.data)
        if restore_folder(self.data).exists():
            shutil.rmtree(restore_folder(self.data))
        self._gate.unlink(missing_ok=True)
        for process in self.processes.values():
            process.start()
        await asyncio.gather(self._start_databases(), self._start_topics())
        self._gate.touch()
        for engine in self.engines.embedded:
            self.supervisor.watch(Watched(engine.process, engine.start))
        for process in self.processes.values():
            self.supervisor.watch(Watched(process, partial(start, process)))
        await self._until_ready()
        for process in self.processes.values():
            process.stand_back()
        self.report("all services are ready")
        self._describe()

    async def stop(self) -> None:
        """In order: no new requests, then no more work, then the engines that both need."""
        await self.supervisor.release()
        for task in self._to_stand_back:
            task.cancel()
        await asyncio.gather(*(process.stop(grace=4) for process in self._http))
        await asyncio.gather(*(self.processes[role.name].stop(grace=4) for role in self.roles.workers))
        await self.engines.stop()
        (self.data / "stack.json").unlink(missing_ok=True)
        if self._address is not None:
            self._address.close()
        if self._lock is not None:
            self._lock.close()

    async def ready(self) -> bool:
        """What `/health/ready` says, once all its processes take requests."""
        if not all(process.listens_on(self.port) for process in self._http):
            return False
        async with httpx2.AsyncClient(timeout=10, verify=authorities()) as client:
            try:
                return (await client.get(f"{self.url}/health/ready")).status_code == 200
            except httpx2.HTTPError:
                return False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _process(self, role: Role) -> Process:
        worker = role.name in self._ports
        host, port = ("127.0.0.1", self._ports[role.name]) if worker else (self.host, self.port)
        return Process(program(role, host, port, self.environment()), self.data)

    def _claim(self) -> None:
        """Takes the data folder and the port, or says who has them."""
        self._lock = claim(self.data, f"at {self.url}")
        try:
            self._address = reserved(self.host, self.port)
        except OSError as error:
            self._lock.close()
            raise StartError(self._without_address(error)) from error

    def _without_address(self, error: OSError) -> str:
        match error.errno:
            case errno.EADDRINUSE:
                return f"port {self.port} on {self.host} is taken; choose another with --port"
            case errno.EACCES:
                return f"this user may not listen on port {self.port}; choose another with --port"
            case _:
                return f"this machine has no address {self.host} ({error.strerror}); choose another with --host"

    async def _start_databases(self) -> None:
        if self.engines.postgres in self.engines.embedded:
            await self.engines.postgres.start()
            self.report("PostgreSQL 18 is up")
        migrations = Process(
            Program("migrations", [sys.executable, "-m", "shared.migrations", "upgrade"], self._python(), ROOT),
            self.data,
        )
        migrations.start()
        if await migrations.wait() != 0:
            raise StartError(f"the migrations failed; {migrations.log} says:\n{migrations.tail()}")
        await migrations.stop()
        self.report("databases are migrated")

    async def _start_topics(self) -> None:
        from shared.topics import create_topics

        if self.engines.kafka in self.engines.embedded:
            await self.engines.kafka.start()
            self.report("Apache Kafka 4.3 is up")
        try:
            await create_topics(self.engines.kafka_bootstrap)
        except KafkaError as error:
            raise StartError(f"the topics could not be made at {self.engines.kafka_bootstrap}: {error!r}") from error
        self.report("topics exist")

    def _python(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT), **self.environment()}

    async def _until_ready(self) -> None:
        """Waits for long only while an upgrade has the read models made again, which takes as long as it takes."""
        looked = time.monotonic()
        deadline = looked + READY_SECONDS
        while not await self.ready():
            for process in self.processes.values():
                if self.supervisor.failures(process.name) >= 3:
                    raise StartError(f"{process.name} keeps on ending; {process.log} says:\n{process.tail()}")
            if time.monotonic() - looked > REBUILD_LOOK_SECONDS:
                progress = await self._rebuild()
                looked = time.monotonic()
                if progress is not None:
                    self.report(f"the read models are made again for this version: {progress}")
                    deadline = looked + READY_SECONDS
            if time.monotonic() > deadline:
                raise StartError(f"not ready after {READY_SECONDS:.0f} s: {await self._unready()}")
            await asyncio.sleep(0.1)

    async def _rebuild(self) -> str | None:
        """How far the rebuild is that runs; None where none does."""
        headers = {"Authorization": f"Bearer {secret(self.data, 'service-token')}"}
        async with httpx2.AsyncClient(timeout=10, verify=authorities(), headers=headers) as client:
            try:
                answer = await client.get(f"{self.url}/internal/projector/rebuild")
            except httpx2.HTTPError:
                return None
        if not answer.is_success or not answer.json()["running"]:
            return None
        newest = answer.json()["generations"][0]
        told = newest["progress"] if newest["state"] == "building" else {}
        said = {"phase": "starting", "events_done": 0, "events_total": 0, **told}
        return f"{said['events_done']:,} of {said['events_total']:,} events ({said['phase']})"

    async def _unready(self) -> str:
        async with httpx2.AsyncClient(timeout=10, verify=authorities()) as client:
            try:
                parts = (await client.get(f"{self.url}/health/ready")).json()["parts"]
            except httpx2.HTTPError:
                return f"the services do not answer; see {self._http[0].log}"
        return ", ".join(name for name, state in parts.items() if state != "ready") + f"; see {self.data / 'logs'}"

    def _restarted(self, process: Process, code: int | None) -> None:
        self.report(f"{process.name} had ended with code {code} and was started again ({process.log})")
        if (self.data / "stack.json").exists():
            self._describe()
        task = asyncio.create_task(self._stand_back(process), name=f"stand back {process.name}")
        self._to_stand_back.add(task)
        task.add_done_callback(self._to_stand_back.discard)

    async def _stand_back(self, process: Process) -> None:
        while not await self.ready():
            await asyncio.sleep(READY_PAUSE_SECONDS)
        process.stand_back()

    def _describe(self) -> None:
        """Writes `stack.json`, by which other commands find a running stack."""
        engines = {engine.process.name: engine.process.pid for engine in self.engines.embedded}
        roles = {name: process.pid for name, process in self.processes.items()}
        description = {
            "url": self.url,
            "supervisor": os.getpid(),
            "supervisor_started": started_at(os.getpid()),
            "pids": engines | roles,
            "environment": self.environment(),
        }
        write_json(self.data / "stack.json", description)


async def start(process: Process) -> None:
    process.start()
