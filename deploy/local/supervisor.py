"""Starts again what ends without being asked to, later and later while it keeps on ending."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from deploy.local.processes import Process, StartError
from shared.telemetry import log

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
STEADY_SECONDS = 30.0

Restarted = Callable[[Process, int | None], None]


@dataclass
class Watched:
    """A process, and how to start it: an engine waits until it answers, a role does not."""

    process: Process
    start: Callable[[], Awaitable[None]]
    failures: int = 0


class Supervisor:
    """Watches processes from `watch` to `release`; `restarted(process, exit_code)` hears of each new start."""

    def __init__(self, restarted: Restarted) -> None:
        self._restarted = restarted
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._watched: dict[str, Watched] = {}

    def watch(self, watched: Watched) -> None:
        name = watched.process.name
        self._watched[name] = watched
        self._watches[name] = asyncio.create_task(self._keep_running(watched), name=f"watch {name}")

    async def release(self, names: Sequence[str] | None = None) -> None:
        """Stops watching, so that what ends from now on stays ended."""
        for name in list(self._watches) if names is None else names:
            watch = self._watches.pop(name, None)
            if watch is not None:
                watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watch

    def failures(self, name: str) -> int:
        """How often in a row a process ended soon after its start."""
        return self._watched[name].failures

    async def _keep_running(self, watched: Watched) -> None:
        while True:
            started = time.monotonic()
            code = await watched.process.wait()
            if not watched.process.meant_to_run:
                await asyncio.sleep(0.1)
                continue
            steady = time.monotonic() - started > STEADY_SECONDS
            watched.failures = 0 if steady else watched.failures + 1
            await asyncio.sleep(delay(watched.failures))
            if watched.process.meant_to_run and not watched.process.running:
                await _start(watched)
                self._restarted(watched.process, code)


async def _start(watched: Watched) -> None:
    """An engine may end again at any step of its start, with whatever error its client has for that: the next turn
    counts it as a failure."""
    try:
        await watched.start()
    except StartError:
        return
    except Exception as error:
        log().warning("start_failed", process=watched.process.name, error=repr(error))


def delay(failures: int) -> float:
    """Seconds to wait before the next start."""
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures, 16)))
