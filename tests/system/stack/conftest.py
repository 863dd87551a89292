"""One running stack for the tests of the whole path."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system.stack.world import World, running_world


@pytest.fixture(scope="package")
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(prefix="hypertrophy-stack-", ignore_cleanup_errors=True) as folder:
        async with running_world(Path(folder)) as running:
            yield running
