"""What reaches the terminal, whatever the log holds."""

import json

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


def test_json_escapes_what_a_terminal_would_obey_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": HOSTILE})

    printed = capsys.readouterr().out
    assert not {"\x1b", "\x9b"} & set(printed)
    assert json.loads(printed) == {"name": HOSTILE}
