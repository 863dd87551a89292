"""The only room with SQL."""

import asyncpg

from shared.following import PASSING_FAULTS

Pool = asyncpg.Pool
Connection = asyncpg.Connection

# What passes when PostgreSQL is back or the other transaction is through.
PASSING: tuple[type[Exception], ...] = (
    *PASSING_FAULTS,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
)
