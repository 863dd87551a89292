"""One running stack for the tests of the whole path."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.operations import rebuilding
from deploy.local.operations.running import Operator, operating
from deploy.local.operations.verification.command import verification
from tests.system.rebuilt import Rebuilt
from tests.system.stack.world import COMPARED_EVERY_SECONDS, World, running_world

LOOKS = 3


@pytest.fixture(scope="package")
async def world() -> AsyncIterator[World]:
    """When all tests are through, what they left agrees everywhere, and what people read is what a rebuild makes."""
    with tempfile.TemporaryDirectory(prefix="hypertrophy-stack-", ignore_cleanup_errors=True) as folder:
        async with running_world(Path(folder)) as running:
            yield running
            async with operating(running.stack, patience=120) as operator:
                await rebuilding.work(operator, None)
                assert await first_difference(operator) is None


@pytest.fixture(autouse=True)
async def live_equals_rebuilt(request: pytest.FixtureRequest, rebuilt: Rebuilt) -> AsyncIterator[None]:
    """After every test: what people read is what their whole history gives (law 8)."""
    yield
    if world := request.node.funcargs.get("world"):
        await rebuilt.check_stack(world.stack)


async def first_difference(operator: Operator) -> str | None:
    """What does not agree even when every store has compared itself with the event store's heads."""
    found: str | None = None
    for _ in range(LOOKS):
        found = (await verification(operator, content=True)).first_difference
        if found is None:
            break
        await asyncio.sleep(COMPARED_EVERY_SECONDS)
    return found
