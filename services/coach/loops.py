"""Loops of the worker: each runs alone, ends only when cancelled, and starts again after a fault."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from services.coach.store import WORKER_ROLE
from shared.postgres import connect
from shared.telemetry import log

Loop = Callable[[], Awaitable[None]]
# One leader for each database: the session lock goes with its connection.
LEADER_LOCK = 5_063_118_274


@asynccontextmanager
async def running(loops: Mapping[str, Loop]) -> AsyncIterator[None]:
    """Runs the loops beside the body; at its end they are cancelled, and waited for at most 10 s."""
    tasks = [asyncio.create_task(for_ever(name, loop), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=10)


async def for_ever(name: str, loop: Loop) -> None:
    """Starts the loop again after every fault, with growing pauses up to 5 s."""
    pause = 0.1
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await loop()
        except Exception as error:
            if asyncio.get_running_loop().time() - started > 30:
                pause = 0.1
            log().warning("loop_failed", loop=name, error=repr(error), pause_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5)


async def as_leader(database_url: str, loops: Mapping[str, Loop]) -> None:
    """Waits to be the only leader of this database, then runs the loops until the lock's connection is lost."""
    connection = await connect(database_url, role=WORKER_ROLE)
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
            await asyncio.sleep(1)
        async with running(loops):
            while await connection.fetchval("SELECT true"):
                await asyncio.sleep(1)
    finally:
        with suppress(Exception):
            await connection.close(timeout=2)
