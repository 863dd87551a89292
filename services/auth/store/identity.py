"""The log of identity events: gapless numbers, kept for ever, published in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.identity import IdentityEvent
from shared.postgres import Connection
from shared.telemetry import correlation_id, traceparent

# An identity event that lacks its number only.
Draft = Callable[..., IdentityEvent]


async def say(connection: Connection, *drafts: Draft) -> int:
    """Appends the events and returns the first number. Call it last: writers wait here for each other's commit, which
    is what makes the numbers gapless and their order the order of commits."""
    last: int = await connection.fetchval(
        "UPDATE identity_counter SET last_number = last_number + $1 RETURNING last_number", len(drafts)
    )
    first = last - len(drafts) + 1
    events = [draft(number=number) for number, draft in enumerate(drafts, first)]
    await connection.executemany(
        "INSERT INTO identity_log (number, user_id, event, correlation_id, traceparent) VALUES ($1, $2, $3, $4, $5)",
        [(e.number, e.user_id, e.model_dump_json(), correlation_id.get(), traceparent.get()) for e in events],
    )
    return first


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An identity event as it goes out; `event` is its JSON."""

    number: int
    user_id: UUID
    event: str
    correlation_id: str
    traceparent: str


async def _select(connection: Connection, condition: str, *arguments: Any) -> Sequence[LoggedEvent]:
    rows = await connection.fetch(
        f"SELECT number, user_id, event::text, correlation_id, traceparent FROM identity_log WHERE {condition}",  # noqa: S608
        *arguments,
    )
    return [LoggedEvent(**row) for row in rows]


async def after(connection: Connection, number: int, limit: int) -> Sequence[LoggedEvent]:
    """The events with a greater number, in order."""
    return await _select(connection, "number > $1 ORDER BY number LIMIT $2", number, limit)


async def last_number(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT last_number FROM identity_counter"))


async def unpublished(connection: Connection, limit: int = 500) -> Sequence[LoggedEvent]:
    """What the relay has to send next, in order."""
    condition = "number > (SELECT published_number FROM identity_counter) ORDER BY number LIMIT $1"
    return await _select(connection, condition, limit)


async def set_published(connection: Connection, before: int, number: int) -> None:
    """Moves on from `before`; a republishing that began meanwhile stays at its start."""
    await connection.execute(
        "UPDATE identity_counter SET published_number = $2 WHERE published_number = $1", before, number
    )


async def republish(connection: Connection) -> int:
    """Has the whole log published again; returns how many events that is."""
    return int(await connection.fetchval("UPDATE identity_counter SET published_number = 0 RETURNING last_number"))


async def left_to_publish(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT last_number - published_number FROM identity_counter"))


async def unanswered(connection: Connection) -> Sequence[LoggedEvent]:
    """The merges and erasures that some service has not answered yet, of those that were published."""
    condition = """
        number IN (SELECT number FROM merges WHERE applied_at IS NULL
            UNION ALL SELECT number FROM erasures WHERE applied_at IS NULL)
        AND number <= (SELECT published_number FROM identity_counter) ORDER BY number
    """
    return await _select(connection, condition)


async def try_to_own_relay(connection: Connection) -> bool:
    """A session lock: it lasts as long as the connection."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock(7237421912)"))
