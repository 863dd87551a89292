"""The worker's small rounds: mails out, old rows away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.auth.letters import Mailer, send_due
from services.auth.store import audit, codes, families
from shared.postgres import Pool, connect
from shared.telemetry import log
from shared.values import utc_now

AUDIT_KEPT = timedelta(days=400)
Step = Callable[[], Awaitable[object]]
MAIL_SECONDS, PRUNE_SECONDS = 1.0, 3600.0


async def in_rounds(step: Step, seconds: float, name: str) -> None:
    """Repeats a step; a fault is logged and the next round tries again."""
    while True:
        try:
            await step()
        except Exception as error:
            log().warning("round_failed", round=name, error=repr(error))
        await asyncio.sleep(seconds)


async def send_mails(pool: Pool, mailer: Mailer) -> None:
    """Looks every second for mails that are due."""
    await in_rounds(lambda: send_due(pool, mailer), MAIL_SECONDS, "mails")


async def prune(url: str, idle: timedelta) -> None:
    """Drops every hour what is of no use any more."""
    await in_rounds(lambda: prune_once(url, idle), PRUNE_SECONDS, "prune")


async def prune_once(url: str, idle: timedelta) -> None:
    """Goes through whole tables: over a connection that may take its time, and read them as a whole."""
    now = utc_now()
    connection = await connect(url)
    try:
        await families.prune(connection, now, idle)
        await codes.prune(connection, now)
        await audit.prune(connection, now - AUDIT_KEPT)
    finally:
        await connection.close()
