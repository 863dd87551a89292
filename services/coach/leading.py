"""Loops of the worker that run in one process at a time."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from services.coach.store import WORKER_ROLE
from services.coach.store.leader import still_leads, try_to_lead
from shared.loops import Loop, running
from shared.postgres import connect


async def as_leader(database_url: str, loops: Mapping[str, Loop]) -> None:
    """Waits to be the only leader of this database, then runs the loops until the lock's connection is lost."""
    connection = await connect(database_url, role=WORKER_ROLE, statement_timeout_ms=5_000)
    try:
        while not await try_to_lead(connection):
            await asyncio.sleep(1)
        async with running(loops):
            while await still_leads(connection):
                await asyncio.sleep(1)
    finally:
        with suppress(Exception):
            await connection.close(timeout=2)
