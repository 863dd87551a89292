"""One rebuild at a time, however many ask for it."""

import asyncio
from types import SimpleNamespace

import pytest

from services.projector.rebuild.start import Rebuilding


async def test_of_two_that_ask_at_once_one_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slowly(*_: str) -> SimpleNamespace:
        await asyncio.sleep(0.01)
        return SimpleNamespace(returncode=None)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slowly)
    rebuilding = Rebuilding()

    assert sorted(await asyncio.gather(rebuilding.start(None), rebuilding.start(None))) == [False, True]
