"""The only room with SQL. Every function works in its caller's transaction."""

from shared.postgres import Connection

API_ROLE = "auth_api"


async def answers(connection: Connection) -> bool:
    """Whether the database is there, with its schema."""
    return bool(await connection.fetchval("SELECT true FROM identity_counter"))
