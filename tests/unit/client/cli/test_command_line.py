"""The command line's root: a list that costs nothing, commands that load alone, errors in one line."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from client.cli.__main__ import description, load
from client.cli.commands import COMMANDS, ELSEWHERE, Command
from shared.domains.profile.events import ProfileUpdated
from shared.domains.workouts.events import SetCompleted, SetCorrected
from tests.unit.client.cli.running import Run

ROOT = Path(__file__).resolve().parents[4]


def hypertrophy(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    script = f"import sys; from client.cli.__main__ import main\n{code}\nmain()"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
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


def test_the_version_is_that_of_the_project() -> None:
    done = hypertrophy("--version")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"hypertrophy \d+\.\d+\.\d+\n", done.stdout)


def test_an_unknown_command_is_wrong_usage_and_names_a_near_one() -> None:
    done = hypertrophy("upp")

    assert done.returncode == 2
    assert "'up'" in done.stderr


@pytest.mark.parametrize("command", ELSEWHERE)
def test_a_command_of_a_group_is_pointed_to(command: str) -> None:
    done = hypertrophy(command)

    assert done.returncode == 2
    assert f"'account {command}'" in done.stderr


@pytest.mark.parametrize(
    "words", [["start"], ["admin", "create"], ["admin"], []], ids=["command", "of a group", "group", "root"]
)
def test_help_shows_no_value_behind_a_flag(run: Run, words: list[str]) -> None:
    shown = run(*words, "--help")

    assert "--help" in shown
    assert "<bool>" not in shown


def test_help_shows_what_an_option_takes(run: Run) -> None:
    assert re.search("--template +<str>", run("start", "--help"))


def test_a_choice_that_is_none_is_told_with_those_that_are(run: Run) -> None:
    said = " ".join(run("profile", "--units", "stone", code=2).split())

    assert "Invalid value for '--units': 'stone' is not one of 'metric'," in said


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


def test_what_an_event_cannot_hold_is_told_by_field_and_reason() -> None:
    with pytest.raises(ValidationError) as failed:
        ProfileUpdated(week_start=9)
    assert description(failed.value) == "week start: should be less than or equal to 7"

    with pytest.raises(ValidationError) as failed:
        SetCorrected(set_id=UUID(int=1), rpe=Decimal("8.3"), rir=Decimal("1.2"))
    assert description(failed.value) == "rpe: should be a multiple of 0.5"

    with pytest.raises(ValidationError) as failed:
        SetCompleted(
            set_id=UUID(int=1),
            workout_id=UUID(int=2),
            exercise_id=UUID(int=3),
            completed_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    assert description(failed.value) == "a set needs reps, weight, duration_s or distance_m"


def test_a_damaged_log_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path))
    (tmp_path / "log.sqlite3").write_text("no database" * 100)

    done = hypertrophy("log")

    assert done.returncode == 1
    assert f"the log {tmp_path / 'log.sqlite3'} is damaged" in done.stderr
    assert "account login" in done.stderr


def test_a_log_that_cannot_be_written_is_shown_and_says_why_nothing_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path))
    assert hypertrophy("set", "squat", "5x100").returncode == 0
    (tmp_path / "log.sqlite3-shm").mkdir()

    done, shown = hypertrophy("set", "squat", "5x100"), hypertrophy("show")

    assert done.returncode == 1
    assert f"the log {tmp_path / 'log.sqlite3'} cannot be written" in done.stderr
    assert "nothing was logged" in done.stderr
    assert (shown.returncode, shown.stdout.count("5 x 100 kg")) == (0, 1)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_the_terminal_cannot_write_stops_no_command_and_an_export_is_whole(
    run: Run, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    run("exercises", "--add", "Hügel \u2192 Lauf")
    run("set", "hügel", "5x100")
    monkeypatch.setenv("PYTHONIOENCODING", encoding)

    shown, exported = hypertrophy("show"), hypertrophy("export")

    assert (shown.returncode, exported.returncode) == (0, 0), shown.stderr
    assert " Lauf" in shown.stdout
    assert "5 x 100 kg" in shown.stdout
    assert "Hügel \u2192 Lauf" in exported.stdout


def test_a_group_of_commands_can_be_listed_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = "import typer\ngroup = typer.Typer()\n" + "".join(
        f"@group.command()\ndef {name}() -> None: print('{name} ran')\n" for name in ("one", "two")
    )
    (tmp_path / "a_group.py").write_text(group)
    monkeypatch.syspath_prepend(tmp_path)

    loaded = load(Command("group", "a_group:group", "", ""))

    assert set(loaded.commands) == {"one", "two"}
