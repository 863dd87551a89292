"""Reads on behalf of one caller: the API's role, a generation, and `app.user_id` for the row-level security."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from services.projector.domain import ids_meant
from shared.database import Database
from shared.errors import Unavailable, UserErased
from shared.postgres import Connection

# Asks who the subject is today, and enters the generation as that user.
_ENTER = """
SELECT generation, user_id, version, erased, set_config('app.user_id', user_id::text, true),
  set_config('search_path', generation || ', public', true) FROM caller($1)
"""
_DEVICE = """
SELECT c.user_id AS caller, c.erased, d.user_id AS owner, d.sequence FROM caller($1) c, device_position($2) d
"""
_DEGRADED = """
SELECT event FROM dead_letters WHERE user_id = $1 AND state = 'parked'
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """An open transaction that sees the rows of one user only. `version` grows with every change of what it sees."""

    connection: Connection
    user_id: UUID
    generation: str
    version: int

    async def one(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row; None where there is no row."""
        return await self.connection.fetchval(query, *arguments)

    async def degraded(self) -> frozenset[UUID]:
        """The ids of everything that a parked event speaks of."""
        rows = await self.connection.fetch(_DEGRADED, self.user_id)
        return frozenset(identity for row in rows for identity in ids_meant(json.loads(row["event"])["payload"]))

    async def rows(self, query: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """All rows."""
        found: Sequence[asyncpg.Record] = await self.connection.fetch(query, *arguments)
        return found


@dataclass(frozen=True, slots=True)
class DevicePosition:
    """The user that the caller is today, the user whose events the device has sent, and how many are applied."""

    caller: UUID
    owner: UUID | None
    sequence: int


class Readers:
    """Gives each request its reading."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def of(self, subject: UUID) -> AsyncIterator[Reading]:
        """A reading for the user that this subject is today.

        Raises:
            Unavailable: as long as no generation is live.
            UserErased
        """
        async with (
            self._database.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            caller = await connection.fetchrow(_ENTER, subject)
            assert caller is not None
            _check(caller)
            if caller["generation"] is None:
                raise Unavailable("the read models are not made yet")
            yield Reading(connection, caller["user_id"], caller["generation"], caller["version"])

    async def device(self, subject: UUID, device_id: UUID) -> "DevicePosition":
        """Where a device stands, as far as it is known. Raises UserErased."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(_DEVICE, subject, device_id)
        assert row is not None
        _check(row)
        return DevicePosition(row["caller"], row["owner"], row["sequence"] or 0)


def _check(caller: asyncpg.Record) -> None:
    if caller["erased"]:
        raise UserErased("this user was erased")
