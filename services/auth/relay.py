"""Publishes the identity log in order, by one process at a time, and says again what was not answered."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from services.auth.metrics import WAITING
from services.auth.settings import Settings
from services.auth.store import identity
from services.auth.store.identity import LoggedEvent
from shared.kafka import Outgoing, Publisher, trace_headers
from shared.postgres import Connection, connect
from shared.topics import IDENTITY


def outgoing(event: LoggedEvent) -> Outgoing:
    """The record of an identity event."""
    headers = trace_headers(event.correlation_id, event.traceparent)
    return Outgoing(str(event.user_id).encode(), event.event.encode(), headers)


@dataclass
class Relay:
    """`stands` while this process publishes, or waits for the one that does."""

    settings: Settings
    publisher: Publisher
    stands: bool = False

    async def run(self) -> None:
        """Takes the lock when it is free and publishes until cancelled, or until a fault: then the caller starts it
        again, and what was not acknowledged is read again."""
        connection = await connect(self.settings.database_url_auth, statement_timeout_ms=15_000)
        try:
            while not await identity.try_to_own_relay(connection):
                self.stands = True
                await asyncio.sleep(1)
            self.stands = True
            await self._publish_for_ever(connection)
        finally:
            self.stands = False
            await self.publisher.close()
            await connection.close(timeout=2)

    async def _publish_for_ever(self, connection: Connection) -> None:
        repeated_at = time.monotonic()
        while True:
            events = await identity.unpublished(connection)
            WAITING.set(len(events))
            sent = await self._send(events)
            if sent is not None:
                await identity.set_published(connection, events[0].number - 1, sent)
                continue
            if time.monotonic() - repeated_at >= self.settings.auth_repeat_seconds:
                await self._send(await identity.unanswered(connection))
                repeated_at = time.monotonic()
            await asyncio.sleep(self.settings.auth_poll_seconds)

    async def _send(self, events: Iterable[LoggedEvent]) -> int | None:
        """The last number sent, once every record is acknowledged.

        Raises:
            PublishFailed
        """
        waiting = list(events)
        if not waiting:
            return None
        await self.publisher.publish(IDENTITY, map(outgoing, waiting))
        return waiting[-1].number
