"""What a process says of its own readiness."""

import asyncio

import pytest
from pydantic_core import from_json

from shared import http
from shared.http import readiness


async def well() -> bool:
    return True


async def hangs() -> bool:
    await asyncio.Event().wait()
    return True


async def test_a_check_that_does_not_end_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CHECK_SECONDS", 0.01)
    async with asyncio.timeout(30):
        answer = await readiness({"database": hangs, "consumers": well})

    assert answer.status_code == 503
    assert from_json(bytes(answer.body))["checks"] == {"database": False, "consumers": True}
