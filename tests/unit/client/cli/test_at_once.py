"""Several commands at once on one log: each decides from what the others have written."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from client.cli.opening import Log
from client.projections import Projection
from tests.unit.client.cli.running import Run, answer

ROOT = Path(__file__).resolve().parents[4]
COMMAND = """
import sys, time
from pathlib import Path
import client.cli.importing, client.cli.training, client.projections
from client.cli.__main__ import main

gate = Path(sys.argv.pop(1))
print("ready", flush=True)
while not gate.exists():
    time.sleep(0.001)
main()
"""
STRONG = """Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE
2025-03-01 18:00:00,Legs,Squat (Barbell),1,100,5,0,0,,,8
2025-03-01 18:00:00,Legs,Squat (Barbell),2,100,5,0,0,,,8
"""


def at_once(gate: Path, *commands: tuple[str, ...]) -> list[int]:
    """Their exit codes."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(gate), *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for command in commands
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    gate.touch()
    for process in started:
        process.communicate()
    return [process.returncode for process in started]


def test_sets_at_once_are_of_one_workout(run: Run, tmp_path: Path) -> None:
    codes = at_once(tmp_path / "gate", *(("set", "squat", f"5x10{number}") for number in range(2)))

    assert codes == [0, 0]
    assert [row["set_count"] for row in answer(run("log", "--json"))] == [2]


def test_of_starts_at_once_one_is_refused(run: Run, tmp_path: Path) -> None:
    codes = at_once(tmp_path / "gate", ("start", "Push"), ("start", "Pull"))

    assert sorted(codes) == [0, 1]
    assert len(answer(run("log", "--json"))) == 1


def test_a_file_that_is_imported_twice_at_once_is_written_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "strong.csv").write_text(STRONG)

    codes = at_once(tmp_path / "gate", *[("import", str(tmp_path / "strong.csv"), "--unit", "kg")] * 2)

    assert codes == [0, 0]
    assert answer(run("status", "--json"))["pending"] == 5
    assert [row["set_count"] for row in answer(run("log", "--json"))] == [2]


@pytest.mark.parametrize(
    "change",
    [
        ("edit", "last", "6x100"),
        ("edit", "--name", "Legs"),
        ("undo",),
        ("end",),
        ("exercises", "Hill Carry", "--rename", "Hill Walk"),
        ("exercises", "--add", "Hill Sprint"),
        ("template", "save", "Legs"),
        ("template", "remove", "Plan"),
        ("measure", "--remove", "last"),
        ("import", "--undo", "last"),
        ("conflicts", "all", "--keep"),
        ("set", "squat", "5x100"),
    ],
    ids=lambda change: " ".join(change[:2]),
)
def test_nobody_pulls_between_what_a_change_looks_at_and_what_it_says_it_has_seen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, ...]
) -> None:
    # given a log with something of everything, and another process that would write as soon as it is read
    (tmp_path / "strong.csv").write_text(STRONG)
    run("import", str(tmp_path / "strong.csv"), "--unit", "kg")
    run("exercises", "--add", "Hill Carry")
    measured = answer(run("measure", "82", "--json"))["measurement_id"]
    run("set", "squat", "5x100")
    run("template", "save", "Plan", "squat=3x5")
    other = sqlite3.connect(tmp_path / "home" / "log.sqlite3", isolation_level=None, timeout=0)
    alone: list[bool] = []
    read = Log.read

    def is_alone() -> bool:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.execute("ROLLBACK")
        return False

    def reading(log: Log) -> Projection:
        projection = read(log)
        alone.append(is_alone())
        return projection

    monkeypatch.setattr(Log, "read", reading)

    # when something is changed
    run(*(measured if change[0] == "measure" and word == "last" else word for word in change))

    # then it was alone with what it had read
    other.close()
    assert alone
    assert alone[0]
