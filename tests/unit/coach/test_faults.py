"""Which faults are answered as those of coach's own database."""

from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from services.coach.api.internal import rebuild
from services.coach.api.rooms import Rooms
from services.coach.faults import install_unavailable
from shared.errors import Unavailable


async def answer_to(fault: Exception) -> httpx2.Response:
    app = FastAPI()
    install_unavailable(app)

    @app.get("/")
    async def failing() -> None:
        raise fault

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://coach") as client:
        return await client.get("/")


@pytest.mark.parametrize(
    "fault", [ConnectionRefusedError(), TimeoutError(), asyncpg.AdminShutdownError(), asyncpg.UndefinedTableError()]
)
async def test_a_store_that_is_away_says_so(fault: Exception) -> None:
    answer = await answer_to(fault)

    assert (answer.status_code, answer.json()["detail"]) == (503, "the coach's store is away for a moment")


async def test_another_service_that_is_away_is_not_taken_for_the_store() -> None:
    assert (await answer_to(httpx2.ConnectError("ingest"))).status_code == 500


async def test_a_rebuild_names_the_event_store_where_that_is_away() -> None:
    async def forget() -> None: ...

    async def compare() -> Any:
        raise httpx2.ConnectError("ingest")

    here = SimpleNamespace(memory=SimpleNamespace(forget_everything=forget), follower=SimpleNamespace(compare=compare))
    with pytest.raises(Unavailable, match="event store"):
        await rebuild(cast(Rooms, here))
