"""Under which epoch the store says its events."""

from uuid import UUID

from shared.postgres import Connection


async def server_epoch(connection: Connection) -> UUID:
    """The server epoch of today."""
    epoch: UUID = await connection.fetchval("SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1")
    return epoch
