"""Connections to a service's own database. SQL itself lives in each service's `store`.

`role` makes every connection act as that NOLOGIN role, which the service's migrations make and grant to the login role.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

STATEMENT_TIMEOUT_MS = 15_000
# By so much longer than a statement may take is its answer waited for: PostgreSQL itself ends it, unless its host has
# vanished.
GRACE_SECONDS = 3
CLOSE_SECONDS = 3

# The database cannot be reached, is stopping, or is short of memory, connections, time or room on its disk.
AWAY: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
# Nothing was changed, and the same may succeed a moment later: also where another transaction was in the way.
PASSING: tuple[type[Exception], ...] = (*AWAY, asyncpg.TransactionRollbackError)
# A database that nobody has migrated yet, or not to this version.
NOT_MADE: tuple[type[Exception], ...] = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidParameterValueError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
)

# Each statement is planned once a session, to go by the indexes. Left to itself PostgreSQL plans most of them anew each
# time, which costs more than running them, or keeps the plan of a table that was empty: to read all of it.
BY_KEY: Mapping[str, str] = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


def _server_settings(role: str | None, statement_timeout_ms: int) -> dict[str, str]:
    settings = {
        "jit": "off",
        "timezone": "UTC",
        "statement_timeout": str(statement_timeout_ms),
        "idle_in_transaction_session_timeout": "60000",
    }
    return settings | ({"role": role} if role else {})


def _command_timeout(statement_timeout_ms: int) -> float | None:
    return statement_timeout_ms / 1000 + GRACE_SECONDS if statement_timeout_ms else None


# Times are handed over as microseconds from here.
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


def _microseconds(value: datetime) -> tuple[int]:
    since = value - _ORIGIN
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds,)


def _moment(microseconds: tuple[int]) -> datetime:
    try:
        return _ORIGIN + timedelta(microseconds=microseconds[0])
    except OverflowError:  # `-infinity` and `infinity`
        return (datetime.max if microseconds[0] > 0 else datetime.min).replace(tzinfo=UTC)


async def _exact_times(connection: Connection) -> None:
    """Has times mean what they say: asyncpg takes the calendar's first moment for `-infinity`, and reads that as a time
    without a zone. Clocks are data, and one that was never set says just that moment."""
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_microseconds, decoder=_moment, format="tuple"
    )


async def create_pool(
    url: str,
    *,
    role: str | None = None,
    min_size: int = 1,
    max_size: int = 8,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    clean: bool = True,
    by_key: bool = True,
    on_lost: Callable[[], None] | None = None,
) -> Pool:
    """A bounded asyncpg pool, for the paths where every microsecond of an event counts.

    `clean=False` saves the round trip that resets a connection after each use: for users that leave no session state.
    `by_key=False` leaves every plan to the planner: for statements over whole tables.
    `on_lost` hears of every connection that ends, as all of them do when the server does.
    """

    async def keep(_: object) -> None:
        """Leaves the session as it is; asyncpg still rolls back what was left open."""

    async def prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await _exact_times(connection)
        if on_lost is not None:
            connection.add_termination_listener(lambda _: on_lost())

    return await asyncpg.create_pool(
        plain_url(url),
        min_size=min_size,
        max_size=max_size,
        reset=None if clean else keep,
        init=prepare,
        command_timeout=_command_timeout(statement_timeout_ms),
        server_settings={**_server_settings(role, statement_timeout_ms), **(BY_KEY if by_key else {})},
    )


async def close_pool(pool: Pool) -> None:
    """Closes it in bounded time: PostgreSQL may be gone, and somebody at work."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def connect(
    url: str, *, role: str | None = None, statement_timeout_ms: int = 0
) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection outside any pool: for session locks and long streams. No statement timeout unless given."""
    connection = await asyncpg.connect(
        plain_url(url),
        command_timeout=_command_timeout(statement_timeout_ms),
        server_settings=_server_settings(role, statement_timeout_ms),
    )
    try:
        await _exact_times(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def locked(connection: Connection, lock: str, make: str, ids: Sequence[UUID]) -> "Sequence[asyncpg.Record]":
    """What the statement `lock` returns for these ids, a row each; `make` makes the rows that are missing, which is
    seldom. Both take all the ids."""
    rows: Sequence[Any] = await connection.fetch(lock, ids)
    if len(rows) < len(ids):
        await connection.execute(make, ids)
        rows = await connection.fetch(lock, ids)
    return rows


def affected(tag: str) -> int:
    """How many rows a statement has written, as its command tag says: 3 for `DELETE 3` and for `INSERT 0 3`."""
    return int(tag.rpartition(" ")[2])


def plain_url(url: str) -> str:
    """The URL as asyncpg and libpq read it: without the driver that SQLAlchemy wants to be named.

    Raises:
        ValueError: for a text that is no URL.
    """
    _, separator, rest = url.partition("://")
    if not separator:
        raise ValueError("the address of a database must be postgresql://user:password@host:port/name")
    return f"postgresql://{rest}"
