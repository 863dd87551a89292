"""A stack of its own for what operators do to one."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.operations.running import UNLIMITED
from deploy.local.stack import Stack
from tests.system.rebuilt import Rebuilt


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """For everything that one test makes."""
    with tempfile.TemporaryDirectory(prefix="hypertrophy-operations-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
async def stack(folder: Path, rebuilt: Rebuilt) -> AsyncIterator[Stack]:
    """The whole product, running on `folder / "server"`; what people read at the end is what their whole history gives.

    Tests that start stacks themselves verify the content of the read models as their last step.
    """
    async with Stack(folder / "server", settings=UNLIMITED) as running:
        yield running
        await rebuilt.check_stack(running)


@pytest.fixture(autouse=True, scope="session")
def embedded() -> None:
    """The operator's commands act on an embedded stack."""
    if os.environ.get("HYPERTROPHY_TEST_ENGINES") == "containers":
        pytest.skip("these tests run the embedded engines themselves: other engines change nothing about them")
