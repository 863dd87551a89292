"""The only room with SQL. Every function works in its caller's transaction."""

import asyncio

from shared.postgres import Pool

API_ROLE = "auth_api"


async def answers(pool: Pool) -> bool:
    """Whether the database is there, with its schema."""
    async with pool.acquire(timeout=3) as connection:
        return bool(await connection.fetchval("SELECT true FROM identity_counter"))


async def closed(pool: Pool) -> None:
    """Closes the pool, without waiting for ever for what is still going on."""
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except TimeoutError:
        pool.terminate()
