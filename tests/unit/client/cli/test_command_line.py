"""The command line's root: a list that costs nothing, commands that load alone, errors in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from client.cli.__main__ import description, load
from client.cli.commands import COMMANDS, ELSEWHERE, Command

ROOT = Path(__file__).resolve().parents[4]


def hypertrophy(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    script = f"import sys; from client.cli.__main__ import main\n{code}\nmain()"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_listed_command_exists(command: Command) -> None:
    assert load(command) is not None


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_only_the_root_offers_completion(command: Command) -> None:
    assert not {"install_completion", "show_completion"} & {parameter.name for parameter in load(command).params}


def test_the_list_of_commands_loads_none_of_them() -> None:
    check = "import atexit; atexit.register(lambda: print([m for m in sys.modules if m in ('fastapi', 'deploy')]))"

    done = hypertrophy("--help", code=check)

    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("[]")
    for command in COMMANDS:
        assert command.name in done.stdout


def test_an_unknown_command_is_wrong_usage_and_names_a_near_one() -> None:
    done = hypertrophy("upp")

    assert done.returncode == 2
    assert "'up'" in done.stderr


@pytest.mark.parametrize("command", ELSEWHERE)
def test_a_command_of_a_group_is_pointed_to(command: str) -> None:
    done = hypertrophy(command)

    assert done.returncode == 2
    assert f"'account {command}'" in done.stderr


def test_a_commands_error_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = hypertrophy("up", "--data", str(tmp_path / "file" / "data"))

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_named_errors_speak_for_themselves_and_faults_say_how_to_see_more() -> None:
    class NoSignal(Exception):
        pass

    assert description(NoSignal("no signal here")) == "no signal here"
    assert description(NoSignal()) == "NoSignal"
    assert "HYPERTROPHY_DEBUG=1" in description(KeyError("week"))


def test_a_group_of_commands_can_be_listed_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = "import typer\ngroup = typer.Typer()\n" + "".join(
        f"@group.command()\ndef {name}() -> None: print('{name} ran')\n" for name in ("one", "two")
    )
    (tmp_path / "a_group.py").write_text(group)
    monkeypatch.syspath_prepend(tmp_path)

    loaded = load(Command("group", "a_group:group", "", ""))

    assert set(loaded.commands) == {"one", "two"}
