"""A home of its own for every test of a command."""

from pathlib import Path

import pytest

from tests.unit.client.cli.running import Run, invoke


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "Europe/Berlin")
    return invoke
