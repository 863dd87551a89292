"""What the routes take from their app: coroutines all, since FastAPI runs plain functions in threads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.requests import HTTPConnection

from services.ingest.limits import Limits
from services.ingest.settings import Settings
from services.ingest.store.events import Trace
from services.ingest.store.users import Users
from shared.database import Database
from shared.errors import Unavailable, UserErased
from shared.policy import Described, policy, principal
from shared.postgres import PASSING, Connection, connect
from shared.telemetry import correlation_id, traceparent
from shared.tokens import Principal


async def settings(connection: HTTPConnection) -> Settings:
    """The settings of this app."""
    found: Settings = connection.app.state.settings
    return found


async def database(connection: HTTPConnection) -> Database:
    """The bounded pool of this app."""
    found: Database = connection.app.state.database
    return found


Databases = Annotated[Database, Depends(database)]


async def connection(
    pool: Databases,
) -> AsyncIterator[Connection]:
    """A connection for the time of the request."""
    async with pool.acquire() as taken:
        yield taken


Store = Annotated[Connection, Depends(connection)]
Configured = Annotated[Settings, Depends(settings)]


async def own_connection(settings: Settings) -> Connection:
    """A connection outside the requests' pool, without a time limit: for work that may take minutes.

    Raises:
        Unavailable
    """
    try:
        return await connect(settings.database_url_ingest, role="ingest_api")
    except PASSING as error:
        raise Unavailable("the event store is not available") from error


@asynccontextmanager
async def unhurried(settings: Settings) -> AsyncIterator[Connection]:
    """The same, for a block.

    Raises:
        Unavailable: also when it is lost.
    """
    connection = await own_connection(settings)
    try:
        yield connection
    except PASSING as error:
        raise Unavailable("the event store is not available") from error
    finally:
        connection.terminate()


def trace() -> Trace:
    """What the records of this request carry in their headers."""
    return Trace(correlation_id.get(), traceparent.get()[:100])


async def limited_address(connection: HTTPConnection) -> None:
    """Refuses an address that asks too often."""
    limits: Limits = connection.app.state.limits
    await limits.address(connection.client.host if connection.client else "")


@policy
async def limited_caller(connection: HTTPConnection, _: Described = None) -> Principal:
    """Policy: a valid access token; refuses an address, a device or a user that asks too often."""
    caller = await principal(connection)
    await limited_address(connection)
    limits: Limits = connection.app.state.limits
    await limits.caller(str(caller.device_id), str(caller.user_id))
    return caller


LimitedCaller = Annotated[Principal, Depends(limited_caller)]


def ids_of(caller: Principal) -> set[UUID]:
    """All ids under which the caller may have written."""
    return {caller.user_id, *caller.also}


async def refuse_erased(users: Users, caller: Principal) -> None:
    """An empty answer would say that the server has lost everything."""
    if await users.is_erased(ids_of(caller)):
        raise UserErased("this user was erased")


async def reader(caller: LimitedCaller, store: Store) -> Principal:
    """The caller, unless erased."""
    await refuse_erased(Users(store), caller)
    return caller


Reader = Annotated[Principal, Depends(reader)]
