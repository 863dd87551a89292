"""A command line with a log of its own."""

import gc
from pathlib import Path

import pytest
from typer.testing import CliRunner

from client.cli.__main__ import create_app
from tests.unit.client.cli.running import Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command and gives its output; what it raises reaches the test."""
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "Europe/Berlin")

    def invoke(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(create_app(), arguments, catch_exceptions=False)
        gc.enable()  # a command, which ends its process, turns it off: here its log would stay open
        assert done.exit_code == code, done.output
        return done.output

    return invoke
