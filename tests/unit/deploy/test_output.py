"""What the stack says may find nobody who listens."""

import asyncio
import contextlib
import os
import pty
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local import commands
from deploy.local.commands import run, up
from deploy.local.processes import Process, Program
from deploy.local.stack import start
from deploy.local.supervisor import Supervisor, Watched


def closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def gone_terminal() -> int:
    terminal, writer = pty.openpty()
    os.close(terminal)
    return writer


class OneProcess:
    """A stack of one process, which is killed once it is up, and tells when it is started again."""

    url, data = "http://stack", Path("data")

    def __init__(self, folder: Path, *, report: Callable[[str], None], **_: Any) -> None:
        self.process, self.report = Process(Program("one", ["sleep", "60"]), folder), report
        self.supervisor, self.again = Supervisor(self.restarted), asyncio.Event()

    def restarted(self, process: Process, code: int | None) -> None:
        self.report(f"{process.name} had ended with code {code} and was started again")
        self.again.set()

    async def __aenter__(self) -> None:
        self.process.start()
        self.supervisor.watch(Watched(self.process, lambda: start(self.process)))

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.release()
        await self.process.stop()


@pytest.mark.parametrize("nobody", [closed_pipe, gone_terminal])
def test_a_stack_heals_and_stops_where_nobody_reads_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobody: Callable[[], int]
) -> None:
    healed = list[bool]()

    async def kill_and_stop(stack: OneProcess) -> None:
        await stack.process.kill()
        await asyncio.wait_for(stack.again.wait(), 20)
        healed.append(stack.process.running)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(commands, "Stack", OneProcess)
    monkeypatch.setattr(commands, "run", lambda stack, console: run(stack, console, lambda: kill_and_stop(stack)))
    stdout = os.fdopen(nobody(), "w")
    monkeypatch.setattr("sys.stdout", stdout)

    up(data=tmp_path)

    assert healed == [True]
    with contextlib.suppress(OSError):
        stdout.close()
