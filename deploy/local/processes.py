"""A child process of the local run: it has its own log file and process group, and never outlives its parent."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.local.folders import private_folder, write_json

LOG_LIMIT = 8 * 1024 * 1024
SETPRIV = shutil.which("setpriv")
# The kernel takes one change of a session's niceness in a tenth of a second from those who are not root.
AUTOGROUP_ATTEMPTS, AUTOGROUP_PAUSE_SECONDS = 5, 0.11
# What is at its disk stops only afterwards.
STOPPED_SECONDS = 1.0


class StartError(Exception):
    """A part of the local run did not start; the message says why and where its log is."""


@dataclass(frozen=True)
class Program:
    """What to run: `stop_signal` asks it to end, `privileges` are options of setpriv(1) put before it. The greater its
    `niceness` (0 to 19), the more it leaves the processors to others when they are short, once it stands back."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    privileges: Sequence[str] = ()
    niceness: int = 0

    def command_line(self) -> list[str]:
        """On Linux setpriv makes the kernel stop the program when its parent dies, however that happens."""
        if SETPRIV is None:
            return list(self.command)
        guard = [SETPRIV, "--pdeathsig", self.stop_signal.name.removeprefix("SIG"), *self.privileges, "--"]
        return [*guard, *self.command]


class Process:
    """One program that can be started, stopped, killed, paused and started again.

    Start it from the main thread: the kernel takes the death of the thread that started it for the parent's.
    """

    def __init__(self, program: Program, data: Path) -> None:
        self.program = program
        self.log = private_folder(data / "logs") / f"{program.name}.log"
        self._pid_file = private_folder(data / "run") / f"{program.name}.json"
        self._popen: subprocess.Popen[bytes] | None = None
        self.meant_to_run = False

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def listens_on(self, port: int) -> bool:
        """Whether it takes connections there."""
        try:
            connections = psutil.Process(self.pid).net_connections("tcp") if self.running else []
        except psutil.NoSuchProcess:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr[1] == port for one in connections)

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll() if self._popen else None

    def start(self) -> None:
        end_leftover(self._pid_file)
        rotate(self.log)
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603  the command line is our own
                self.program.command_line(),
                env={**os.environ, **self.program.environment},
                cwd=self.program.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.meant_to_run = True
        write_json(self._pid_file, {"pid": self._popen.pid, "started": started_at(self._popen.pid)})

    def stand_back(self) -> None:
        """Takes on its niceness, which lasts until it ends. What still starts should not: on a busy machine it would
        take for ever."""
        if self.running and self.pid is not None and self.program.niceness:
            stand_back(self.pid, self.program.niceness)

    async def stop(self, grace: float = 10.0) -> None:
        """Asks it to end, and kills it, with its children, after `grace` seconds."""
        self.meant_to_run = False
        if self.running and self.pid is not None:
            self.resume()
            os.kill(self.pid, self.program.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), grace)
        await self.kill()

    async def kill(self) -> None:
        """Ends it at once, as `kill -9` would: `meant_to_run` stays, so that a supervisor starts it again.

        Its children are gone then too: as long as one of PostgreSQL's holds its memory, no new server starts.
        """
        killed = kill_family(self.pid) if self.running and self.pid is not None else []
        await self.wait()
        while any(map(lives, killed)):
            await asyncio.sleep(0.01)
        if self._popen is not None:
            self._pid_file.unlink(missing_ok=True)

    def pause(self) -> None:
        signal_all(self._family(), signal.SIGSTOP)

    def resume(self) -> None:
        signal_all(self._family(), signal.SIGCONT)

    async def wait(self) -> int | None:
        while self.running:
            await asyncio.sleep(0.02)
        return self.exit_code

    def tail(self, lines: int = 12) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _family(self) -> list[psutil.Process]:
        if not self.running or self.pid is None:
            return []
        return family(self.pid)


class Engine:
    """A database or a broker: one process, whose data survive however it ends."""

    process: Process

    async def stop(self) -> None:
        await self.process.stop(grace=3)

    async def kill(self) -> None:
        """Ends it at once, without a chance to tidy up; it stays down until `start()`."""
        self.process.meant_to_run = False
        await self.process.kill()

    def pause(self) -> None:
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()


def stand_back(pid: int, niceness: int) -> None:
    """Gives a process and its session a niceness. Where Linux groups processes by session, as it does by default,
    setpriority(2) says how far a process stands back within its own session only, and all sessions get equal shares of
    the processors."""
    with contextlib.suppress(OSError):  # it has ended
        os.setpriority(os.PRIO_PROCESS, pid, max(niceness, os.getpriority(os.PRIO_PROCESS, pid)))
    group = Path(f"/proc/{pid}/autogroup")
    for _ in range(AUTOGROUP_ATTEMPTS):
        try:
            group.write_text(str(niceness))
        except BlockingIOError:
            time.sleep(AUTOGROUP_PAUSE_SECONDS)
        except OSError:
            return  # no such groups here, or it is gone already: the same shares for all are slower, not wrong
        else:
            return


def family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill_family(pid: int) -> list[psutil.Process]:
    """Kills a process and its children; all of them, which take a moment to be gone.

    It is stopped first, so that it has no more children than are seen.
    """
    deadline = time.monotonic() + STOPPED_SECONDS
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        os.kill(pid, signal.SIGSTOP)
        still = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
        while psutil.Process(pid).status() not in still and time.monotonic() < deadline:
            time.sleep(0.001)
    found = family(pid)
    signal_all(found, signal.SIGKILL)
    return found


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started_at(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def end_leftovers(data: Path) -> None:
    """Ends whatever an earlier run on this data folder left behind."""
    for pid_file in (data / "run").glob("*.json"):
        end_leftover(pid_file)


def end_leftover(pid_file: Path) -> None:
    if not pid_file.exists():
        return
    left = json.loads(pid_file.read_text())
    if left["started"] is not None and started_at(left["pid"]) == left["started"]:
        signal_all(family(left["pid"]), signal.SIGTERM)
        psutil.wait_procs(family(left["pid"]), timeout=8)
        psutil.wait_procs(kill_family(left["pid"]), timeout=8)
    pid_file.unlink(missing_ok=True)


def signal_all(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


async def until(ready: Callable[[], Awaitable[bool]], process: Process, seconds: float) -> None:
    """Waits until `ready()` is true; a process that ends or takes too long is a `StartError` with its last words."""
    deadline = time.monotonic() + seconds
    while not await ready():
        if not process.running:
            raise StartError(
                f"{process.name} ended with code {process.exit_code}; {process.log} says:\n{process.tail()}"
            )
        if time.monotonic() > deadline:
            raise StartError(f"{process.name} was not ready after {seconds:.0f} s; see {process.log}")
        await asyncio.sleep(0.05)
