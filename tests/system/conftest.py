"""Real engines, started once for the run."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.system.engines import RealEngines, fresh_database, running_engines
from tests.system.rebuilt import Rebuilt

Database = Callable[[str], Awaitable[str]]


@pytest.fixture(scope="session")
async def engines() -> AsyncIterator[RealEngines]:
    """PostgreSQL 18 and Kafka 4.3 with all topics."""
    with tempfile.TemporaryDirectory(prefix="hypertrophy-engines-", ignore_cleanup_errors=True) as folder:
        async with running_engines(Path(folder)) as started:
            yield started


@pytest.fixture(scope="module")
async def database(engines: RealEngines) -> AsyncIterator[Database]:
    """`await database("ingest")` makes a fresh, migrated database that lasts as long as the test module."""
    async with AsyncExitStack() as stack:

        async def make(service: str) -> str:
            return await stack.enter_async_context(fresh_database(engines, service))

        yield make


@pytest.fixture(scope="session")
def rebuilt() -> Rebuilt:
    """What every test that writes through a projector is followed by; it remembers whose rows it has looked at."""
    return Rebuilt()
