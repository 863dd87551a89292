"""Loops that start again."""

import asyncio
from itertools import count

import pytest

from shared import loops
from shared.loops import for_ever


async def pauses_of(runs: list[float], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses after runs of so many seconds, each of which ends with a fault."""
    clock, slept, turns = 0.0, [], count()

    async def fail() -> None:
        nonlocal clock
        clock += runs[next(turns)]
        raise RuntimeError

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == len(runs):
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await for_ever("one that fails", fail)
    return slept


async def test_pauses_grow_until_a_run_was_well_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await pauses_of([0, 0, 0, 100, 0], monkeypatch) == [0.1, 0.2, 0.4, 0.1, 0.2]


async def test_pauses_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(await pauses_of([0.0] * 12, monkeypatch)) == loops.LONGEST_PAUSE_SECONDS
