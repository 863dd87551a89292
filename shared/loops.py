"""Loops beside the requests: each starts again after a fault, and ends when its process does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from shared.telemetry import log

Loop = Callable[[], Awaitable[object]]
STOP_SECONDS = 8
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0
HEALTHY_SECONDS = 30


@asynccontextmanager
async def running(loops: Mapping[str, Loop]) -> AsyncIterator[None]:
    """Runs the loops beside the body; at its end they are cancelled and waited for, 8 s at most."""
    tasks = [asyncio.create_task(for_ever(name, loop), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_SECONDS)


async def for_ever(name: str, loop: Loop) -> None:
    """Starts the loop again whenever it ends, with growing pauses; one that was well for a while begins with the
    shortest again."""
    now = asyncio.get_running_loop().time
    pause = SHORTEST_PAUSE_SECONDS
    while True:
        started = now()
        try:
            await loop()
        except Exception as error:
            log().warning("loop_failed", loop=name, error=repr(error))
        if now() - started > HEALTHY_SECONDS:
            pause = SHORTEST_PAUSE_SECONDS
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
