"""Which of the workers leads."""

from shared.postgres import Connection


async def try_to_lead(connection: Connection) -> bool:
    """A session lock, one for each database: it lasts as long as the connection."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock(5063118274)"))


async def still_leads(connection: Connection) -> bool:
    """True as long as the connection is there.

    Raises:
        Exception: when it is lost, and the lock with it.
    """
    return bool(await connection.fetchval("SELECT true"))
