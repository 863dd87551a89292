"""The log that commands open."""

from pathlib import Path

import pytest

from client.home import NoFolder
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


@pytest.mark.parametrize("arguments", [("log",), ("set", "squat", "5x100"), ("status",)], ids=" ".join)
def test_a_home_that_is_a_file_is_called_that(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "home").write_text("mine")

    with pytest.raises(NoFolder, match="home cannot hold the log: it is a file; HYPERTROPHY_HOME names the folder"):
        run(*arguments)

    assert (tmp_path / "home").read_text() == "mine"


@pytest.mark.parametrize(("home", "why"), [("~nobodyhere/x", "nobody has that home"), ("x" * 300, "too long")])
def test_a_home_that_cannot_be_is_told_in_words(run: Run, monkeypatch: pytest.MonkeyPatch, home: str, why: str) -> None:
    monkeypatch.setenv("HYPERTROPHY_HOME", home)

    with pytest.raises(NoFolder, match=why):
        run("log")


def test_a_home_that_cannot_be_made_says_why(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "file" / "home"))

    with pytest.raises(NoFolder, match="Not a directory"):
        run("set", "squat", "5x100")
