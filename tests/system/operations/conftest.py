"""A stack of its own for what operators do to one."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.operations.running import UNLIMITED
from deploy.local.stack import Stack


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """For everything that one test makes."""
    with tempfile.TemporaryDirectory(prefix="hypertrophy-operations-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
async def stack(folder: Path) -> AsyncIterator[Stack]:
    """The whole product, running on `folder / "server"`."""
    async with Stack(folder / "server", settings=UNLIMITED) as running:
        yield running


@pytest.fixture(autouse=True, scope="session")
def embedded() -> None:
    """The operator's commands act on an embedded stack."""
    if os.environ.get("HYPERTROPHY_TEST_ENGINES") == "containers":
        pytest.skip("these tests run the embedded engines themselves: other engines change nothing about them")
