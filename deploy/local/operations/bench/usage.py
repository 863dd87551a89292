"""What the processes of a stack use of the machine."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import psutil

from deploy.local.processes import family
from deploy.local.stack import Stack

# Of one processor, by all processes together: engines and loops that nobody asks for anything.
_RESTING = 0.15
_REST_SECONDS = 120


def pids(stack: Stack) -> Mapping[str, int]:
    """The leading process of each role and engine."""
    engines = {engine.process.name: engine.process.pid for engine in stack.engines.embedded}
    roles = {name: process.pid for name, process in stack.processes.items()}
    return {name: pid for name, pid in {**roles, **engines}.items() if pid}


def resident(pid: int) -> float:
    """Megabytes of a process and its children; what several share is divided among them."""
    return _of_family(pid, lambda one: one.memory_full_info().pss) / 2**20


def processor_seconds(stack: Stack) -> Mapping[str, float]:
    """What each process and its children have used so far."""
    return {name: _seconds(pid) for name, pid in pids(stack).items()}


def _seconds(pid: int) -> float:
    return _of_family(pid, lambda one: sum(one.cpu_times()[:2]))


def _of_family(pid: int, read: Callable[[psutil.Process], float]) -> float:
    """The sum over a process and its children, of which any may end meanwhile, as the database's do."""
    total = 0.0
    for one in family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += read(one)
    return total


async def at_rest(stack: Stack, seconds: float = _REST_SECONDS) -> None:
    """Waits until nothing is left to do, as far as the use of processors tells.

    Raises:
        TimeoutError
    """
    async with asyncio.timeout(seconds):
        before, used = sum(processor_seconds(stack).values()), 1.0
        while used > _RESTING:
            await asyncio.sleep(1)
            now = sum(processor_seconds(stack).values())
            before, used = now, now - before
