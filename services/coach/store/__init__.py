"""The only room with SQL."""

import asyncpg

from shared.following import PASSING_FAULTS

Pool = asyncpg.Pool
Connection = asyncpg.Connection
API_ROLE, WORKER_ROLE = "coach_api", "coach_worker"

# A database that nobody has migrated yet: without its roles, tables or functions.
NOT_MADE: tuple[type[Exception], ...] = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidParameterValueError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
)

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
    *NOT_MADE,
)
