"""A model's answer is followed for so long and no longer."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from openai import AsyncOpenAI

from services.coach.model.breaker import Breaker
from services.coach.model.provider import MOST_CHARACTERS, Model, ModelUnavailable, Usage
from services.coach.model.sentences import Sentences


class Heard:
    """A reader that shows what it is fed."""

    shape = Sentences

    def feed(self, piece: str) -> str:
        return piece

    def finish(self) -> str:
        return ""


class Endless:
    """A server whose stream never ends: the same piece, again and again."""

    def __init__(self, piece: str, pause_s: float) -> None:
        self.chat = SimpleNamespace(completions=self)
        self._piece, self._pause_s = piece, pause_s

    async def create(self, **_: Any) -> "Endless":
        return self

    async def __aenter__(self) -> "Endless":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(self._pause_s)
        choice = SimpleNamespace(finish_reason=None, delta=SimpleNamespace(content=self._piece))
        return SimpleNamespace(usage=None, choices=[choice])


async def followed(server: Endless, timeout_s: float) -> int:
    """How many characters of it are taken until it is given up."""
    model, length = Model(cast(AsyncOpenAI, server), "a model", timeout_s, Breaker(3, 30)), 0
    try:
        async with asyncio.timeout(10):
            async for said in model.stream([{"role": "system", "content": "s"}], Heard(), Usage()):
                length += len(said)
    except ModelUnavailable:
        return length
    raise AssertionError("the answer ended")


async def test_an_answer_that_does_not_end_is_not_followed_in_length() -> None:
    assert await followed(Endless("la " * 100, 0), timeout_s=20) <= MOST_CHARACTERS


@pytest.mark.parametrize("piece", ["", "l"])
async def test_an_answer_that_does_not_end_is_not_followed_in_time(piece: str) -> None:
    assert await followed(Endless(piece, 0.01), timeout_s=0.05) < MOST_CHARACTERS
