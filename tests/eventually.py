"""Waiting for what has to come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(check: Callable[[], Awaitable[T]], seconds: float = 90) -> T:
    """The first true answer. Machines are slow, so the limit is long; yet shorter than the pauses between the services'
    comparisons, which heal in the end what should have come at once.

    Raises:
        TimeoutError: where none came.
    """
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.05)
    return found
