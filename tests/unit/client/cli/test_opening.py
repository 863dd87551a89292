"""The log that commands open."""

from pathlib import Path

import pytest

from tests.unit.client.cli.running import Run


@pytest.mark.parametrize(
    "arguments",
    [("log",), ("stats",), ("measure",), ("profile",), ("template", "list"), ("export",), ("doctor",)],
    ids=" ".join,
)
def test_reading_makes_no_home(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run(*arguments)

    assert not (tmp_path / "home").exists()


def test_writing_makes_a_private_home(run: Run, tmp_path: Path) -> None:
    run("measure", "82.5")
    run("profile", "--height", "180")

    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert "82.5" in run("measure")
    assert "180" in run("profile")
