"""What reaches the terminal, whatever the log holds."""

import json
import sys
from io import BytesIO, TextIOWrapper

import pytest

from client.cli.opening import Log
from client.cli.output import print_json, say, table
from client.ids import new_id
from shared.domains.workouts.events import WorkoutStarted
from tests.unit.client.cli.running import Run

HOSTILE = "multi\nline\x1b[31mred\x9b"


def test_names_from_the_log_cannot_steer_the_terminal(run: Run) -> None:
    log = Log()
    log.add([WorkoutStarted(workout_id=new_id(), started_at=log.now, name=HOSTILE)])

    for output in (run("log"), run("show"), run("end")):
        assert "multi line\ufffd[31mred" in output
        assert not {"\x1b", "\x9b"} & set(output)


def test_lines_and_tables_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    table(HOSTILE, ("name",), [(HOSTILE,)])

    assert not {"\x1b", "\x9b"} & set(capsys.readouterr().out)


@pytest.mark.parametrize(("no_color", "shown"), [("", "\x1b[31m\x1b[1mred\x1b[0m\n"), ("1", "red\n"), ("0", "red\n")])
def test_who_wants_no_color_gets_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, no_color: str, shown: str
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    say("red", fg="red", bold=True)

    assert capsys.readouterr().out == shown


def test_json_escapes_what_a_terminal_would_obey_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": HOSTILE})

    printed = capsys.readouterr().out
    assert not {"\x1b", "\x9b"} & set(printed)
    assert json.loads(printed) == {"name": HOSTILE}


def test_json_is_whole_whatever_the_terminal_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    written = TextIOWrapper(BytesIO(), "ascii")
    monkeypatch.setattr("sys.stdout", written)

    print_json({"name": "Hügel", "file": "\udcfc"})

    written.flush()
    assert json.loads(written.buffer.getvalue()) == {"name": "Hügel", "file": "\udcfc"}


def test_a_narrow_table_wraps_text_and_keeps_numbers_dates_and_ids(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")

    table(
        None,
        ("on", "name", "kg", "id"),
        [("2026-11-22 05:28", "A long name of many words", 9911, "aac539"), ("2026-11-23 05:28", "", 12345, "70b694")],
    )

    printed = capsys.readouterr().out
    assert all(whole in printed for whole in ("2026-11-22 05:28", "9911", "12345", "aac539", "70b694"))
    assert "A long name of many words" not in printed
    assert max(map(len, printed.splitlines())) <= 50


def test_where_nothing_can_be_wrapped_a_table_is_wider_than_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")

    table(None, ("name", *"abcdefgh"), [("Squat", *(f"{number}234567" for number in range(8)))])

    printed = capsys.readouterr().out
    assert all(f"{number}234567" in printed for number in range(8))


def test_columns_that_are_empty_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    table(None, ("name", "note"), [("one", None), ("two", "")])

    printed = capsys.readouterr().out
    assert "two" in printed
    assert "note" not in printed
