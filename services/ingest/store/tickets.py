"""Stream tickets: a browser cannot send headers there, so it redeems one within 30 s, once."""

import secrets
from hashlib import sha256

from pydantic import TypeAdapter

from shared.postgres import Connection
from shared.tokens import Principal

SECONDS = 30
_PRINCIPAL = TypeAdapter(Principal)


class Tickets:
    """Only hashes are stored, so that every process can redeem what another one issued."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def issue(self, principal: Principal) -> str:
        """A new ticket for this principal."""
        ticket = secrets.token_urlsafe(32)
        await self._connection.execute("DELETE FROM stream_tickets WHERE expires_at < now()")
        await self._connection.execute(
            "INSERT INTO stream_tickets VALUES ($1, $2, now() + make_interval(secs => $3))",
            _hash(ticket),
            _PRINCIPAL.dump_json(principal).decode(),
            float(SECONDS),
        )
        return ticket

    async def redeem(self, ticket: str) -> Principal | None:
        """Whose ticket it is; None where it was used, is too old, or never was one."""
        found = await self._connection.fetchval(
            "DELETE FROM stream_tickets WHERE ticket_hash = $1 AND expires_at > now() RETURNING principal",
            _hash(ticket),
        )
        return None if found is None else _PRINCIPAL.validate_json(found)


def _hash(ticket: str) -> bytes:
    return sha256(ticket.encode()).digest()
