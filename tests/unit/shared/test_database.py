"""What a request hears of a database that is not there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from shared import database
from shared.database import Database
from shared.errors import Unavailable

AWAY = "the shelf is away"


class EmptyPool:
    """A pool whose connections can do nothing."""

    def __init__(self, fault: Exception | None = None) -> None:
        self._fault = fault

    @asynccontextmanager
    async def acquire(self, **_: Any) -> AsyncIterator[None]:
        if self._fault is not None:
            raise self._fault
        yield


def shelf(patch: pytest.MonkeyPatch, pool: EmptyPool, **settings: Any) -> Database:
    async def made(*_: Any, **__: Any) -> EmptyPool:
        return pool

    patch.setattr(database, "create_pool", made)
    return Database("postgresql://nobody@nowhere/shelf", role="reader", away=AWAY, **settings)


@pytest.mark.parametrize("fault", [ConnectionRefusedError(), TimeoutError(), asyncpg.InvalidCatalogNameError()])
async def test_a_database_that_cannot_be_entered_is_away(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    with pytest.raises(Unavailable, match=AWAY):
        async with shelf(monkeypatch, EmptyPool(fault)).acquire():
            pass


@pytest.mark.parametrize("fault", [asyncpg.AdminShutdownError(), asyncpg.UndefinedTableError()])
async def test_so_is_one_that_goes_or_was_never_migrated(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    with pytest.raises(Unavailable, match=AWAY):
        async with shelf(monkeypatch, EmptyPool()).acquire():
            raise fault


async def test_other_faults_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        async with shelf(monkeypatch, EmptyPool()).acquire():
            raise asyncpg.UniqueViolationError


async def test_more_at_once_than_there_is_room_for_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = shelf(monkeypatch, EmptyPool(), max_in_flight=1)
    async with narrow.acquire():
        with pytest.raises(Unavailable, match="too many"):
            async with narrow.acquire():
                pass
    async with narrow.acquire():
        pass  # there is room again
