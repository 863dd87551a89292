"""Loops of the worker that run in one process at a time."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from services.coach.store import WORKER_ROLE
from shared.loops import Loop, running
from shared.postgres import connect

# One leader for each database: the session lock goes with its connection.
LEADER_LOCK = 5_063_118_274


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
