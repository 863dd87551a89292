"""Loops beside the requests: each starts again after a fault, and ends when its process does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from shared.telemetry import log

Loop = Callable[[], Awaitable[None]]
STOP_SECONDS = 8


@asynccontextmanager
async def running(*loops: Loop) -> AsyncIterator[None]:
    """Runs the loops beside the body; at its end they are cancelled and waited for, 8 s at most."""
    tasks = [asyncio.create_task(_for_ever(loop)) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_SECONDS)


async def _for_ever(loop: Loop) -> None:
    pause = 0.1
    while True:
        try:
            await loop()
        except Exception as error:
            log().warning("loop_failed", loop=getattr(loop, "__qualname__", repr(loop)), error=repr(error))
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5.0)
