"""One phone and its server."""

from pathlib import Path

import pytest

from tests.unit.client.fake_server import FakeServer
from tests.unit.client.phones import Phone


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def phone(server: FakeServer, tmp_path: Path) -> Phone:
    return Phone(tmp_path / "phone", server.transport)
