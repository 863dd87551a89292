"""Moving into the log, in words."""

import asyncio
import json
import os
import select
import subprocess
import sys
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from client.cli.entering import Contradiction
from client.errors import NotFound
from client.importing import UnknownExport
from client.protocol import Protocol
from tests.unit.client.cli.running import Run, answer, squat
from tests.unit.client.fake_server import FakeServer
from tests.unit.client.phones import Phone
from tests.unit.client.test_engine import second_phone

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ('{"workouts": []}', "this is JSON, but no export of ours"),
        ("[\n1]", "this is JSON, but no export of ours"),
        ("a,b\n1,2", "its first line says: a, b"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(run: Run, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "file").write_text(content)

    with pytest.raises(UnknownExport, match=said):
        run("import", str(tmp_path / "file"))


def test_a_torn_export_says_so_in_words(run: Run, tmp_path: Path) -> None:
    squat(run, "2026-01-05", "3x5x100")
    *_, torn, _ = lines = run("export").splitlines()
    (tmp_path / "torn.jsonl").write_text("\n".join([*lines[:-2], torn[:-20]]))

    said = run("import", str(tmp_path / "torn.jsonl"), "--dry-run")

    assert "the line is cut off, or damaged" in said
    assert "it was written with 5 events" in said
    assert "Error" not in said


def test_one_is_not_many(run: Run, tmp_path: Path) -> None:
    rows = [
        "Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE",
        "2025-03-01 18:00:00,Legs,Squat (Barbell),1,100,5,0,0,,,8",
        "2025-03-01 18:00:00,Legs,Squat (Barbell),2,0,0,0,0,,,",
    ]
    (tmp_path / "strong.csv").write_text("\n".join(rows))

    said = run("import", str(tmp_path / "strong.csv"), "--unit", "kg")

    assert "strong: 1 workout, 1 of 2 rows" in said
    assert "1 workout, 1 set\n" in said
    assert "Not imported: 1 row\n" in said
    assert "with 1 exercise;" in run("template", "save", "Legs")
    assert answer(run("log", "--json"))[0]["set_count"] == 1


def test_what_went_and_came_again_is_counted_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a log in which a set was removed and brought back, and a template was saved twice
    squat(run, "2026-01-05")
    run("edit", "1", "--remove", "--workout", "1")
    run("undo")
    run("template", "save", "Legs")
    run("template", "save", "Legs", "squat=3x5")
    run("export", str(tmp_path / "all.jsonl"))
    # when it moves into an empty log
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "new"))
    said = run("import", str(tmp_path / "all.jsonl"))
    # then there is one of each
    assert ": 1 workout, 1 set, 1 template\n" in said


STRONG = """Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE
2025-03-01 18:00:00,Legs,Squat (Barbell),1,100,5,0,0,,,8
2025-03-01 18:00:00,Legs,Squat (Barbell),2,100,5,0,0,,,8
"""
HEVY = """title,start_time,end_time,exercise_title,exercise_notes,set_index,set_type,weight_kg,reps
Legs,"1 Mar 2025, 18:00","1 Mar 2025, 19:00",Squat (Barbell),,0,normal,100,5
Legs,"1 Mar 2025, 18:00","1 Mar 2025, 19:00",Squat (Barbell),,1,normal,100,5
Legs,"1 Mar 2025, 18:00","1 Mar 2025, 19:00",Squat (Barbell),,2,normal,100,5
"""


@pytest.fixture
def hevy(run: Run, tmp_path: Path) -> Path:
    """A file of three sets that was imported, and of which the first was corrected and the last removed by hand."""
    file = tmp_path / "hevy.csv"
    file.write_text(HEVY)
    run("import", str(file))
    run("edit", "1", "9x100", "--workout", "1")
    run("edit", "3", "--remove", "--workout", "1")
    return file


def test_an_import_again_says_what_it_left_as_it_is(run: Run, hevy: Path) -> None:
    # given that the file says another weight than before
    hevy.write_text(HEVY.replace("100,5", "102.5,5"))
    before = answer(run("status", "--json"))["pending"]
    # when it is imported again
    said = run("import", str(hevy))
    # then the one that would become another is told, and nothing is written
    assert "1 row differs from what the log has" in said
    assert answer(run("import", str(hevy), "--json"))["differing_rows"] == 1
    assert answer(run("status", "--json"))["pending"] == before
    # and as it says, it can be taken over
    import_id = said.partition("--undo ")[2].partition("`")[0]
    run("import", "--undo", import_id)
    assert answer(run("import", str(hevy), "--json"))["differing_rows"] == 0
    assert [(row["reps"], row["weight"]) for row in answer(run("show", "--json"))["sets"]] == [(9, 100), (5, 102.5)]
    assert "differ" not in run("import", str(hevy))


@pytest.mark.parametrize("spelled", ["Cable Crunch", "Squat (Barbell)"])
def test_an_export_of_the_log_itself_brings_nothing_new(run: Run, tmp_path: Path, spelled: str) -> None:
    # given an import whose names the catalogue spells otherwise, twice the same set among them
    rows = HEVY.replace("Squat (Barbell)", spelled).replace("2,normal,100,5", "2,normal,60.25,8")
    (tmp_path / "hevy.csv").write_text(rows)
    run("import", str(tmp_path / "hevy.csv"))
    run("export", "--format", "hevy", str(tmp_path / "own.csv"))

    # when the log's own export of them is imported, with one more row
    again = answer(run("import", str(tmp_path / "own.csv"), "--json"))
    own = (tmp_path / "own.csv").read_text().rstrip("\n").splitlines()
    (tmp_path / "own.csv").write_text(
        "\n".join([*own, own[-1].replace('"60.25"', "62.5").replace(",60.25,", ",62.5,")])
    )
    more = answer(run("import", str(tmp_path / "own.csv"), "--json"))

    # then just that one is new
    assert again["new_events"] == 0
    assert more["counts"] == {"sets": 1}
    assert [row["weight"] for row in answer(run("show", "1", "--json"))["sets"]] == [100, 100, 60.25, 62.5]


def test_a_file_that_says_another_end_differs_in_all_rows_of_the_workout(run: Run, hevy: Path) -> None:
    hevy.write_text(HEVY.replace("19:00", "19:30"))

    assert answer(run("import", str(hevy), "--json"))["differing_rows"] == 2


def test_rows_of_a_workout_that_was_discarded_do_not_differ(run: Run, hevy: Path) -> None:
    run("edit", "--workout", "1", "--remove")
    hevy.write_text(HEVY.replace("100,5", "102.5,5"))

    assert answer(run("import", str(hevy), "--json"))["differing_rows"] == 0


def test_what_was_only_changed_by_hand_or_is_new_does_not_differ(run: Run, hevy: Path) -> None:
    more = HEVY.splitlines()[-1].replace(",2,", ",3,")
    hevy.write_text(f"{HEVY}{more}\n")

    told = answer(run("import", str(hevy), "--json"))

    assert (told["counts"], told["differing_rows"]) == ({"sets": 1}, 0)


def test_a_measurement_that_differs_is_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "body.csv"
    file.write_text('date,weight_kg\n"1 Mar 2025, 08:00",80\n')
    run("import", str(file))
    file.write_text('date,weight_kg\n"1 Mar 2025, 08:00",81\n')

    assert "1 row differs from what the log has" in run("import", str(file))


@pytest.mark.parametrize(
    ("exercise", "measure", "sets"),
    [
        ("Pull Up", None, ("8x-20", "8", "8x+5")),
        ("Pull Up (Assisted)", None, ("8x20", "8x-15", "8")),
        ("Ring Dip on Bands", "assisted_reps", ("8x20", "8x-15", "8")),
        ("Ring Dip on Straps", "bodyweight_reps", ("8x-20", "8x+5", "8")),
    ],
)
def test_help_and_notes_are_the_same_after_a_table_as_hevys(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exercise: str, measure: str | None, sets: tuple[str, ...]
) -> None:
    def done() -> list[tuple[object, ...]]:
        rows = answer(run("show", "--json"))["sets"]
        return [(row["reps"], row["entered"], row["load_basis"], row["notes"]) for row in rows]

    # given sets with help, with more and with the body alone, each with its note
    if measure:
        run("exercises", "--add", exercise, "--measure", measure)
    run("start", "--at", "2026-01-05 18:00", "--note", "one\ntwo")
    for minute, performed in enumerate(sets):
        run("set", exercise, performed, "--note", f"{performed},\n slowly", "--at", f"2026-01-05 18:0{minute}")
    run("end", "--at", "2026-01-05 18:30")
    before = done()
    # when they are exported and imported elsewhere
    run("export", str(tmp_path / "log.csv"))
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "new"))
    run("import", str(tmp_path / "log.csv"))
    # then they are the same
    assert done() == before
    assert answer(run("show", "--json"))["notes"] == "one\ntwo"


def test_the_last_import_is_the_one_made_last_on_whichever_phone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def workouts() -> list[str]:
        return [row["name"] for row in answer(run("log", "--json"))]

    # given an import on one phone, which another one pulls before it imports a file itself
    server = FakeServer()
    monkeypatch.setattr("client.cli.online.Protocol", partial(Protocol, transport=server.transport))
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(HEVY)
    second.write_text(HEVY.replace("Legs", "Push").replace("Mar", "Apr"))
    other = Phone(tmp_path / "other", server.transport)
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "other"))
    run("import", str(first))
    asyncio.run(other.sync())
    second_phone(server, other, tmp_path / "home")
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "home"))
    run("sync")
    made = answer(run("import", str(second), "--json"))["import_id"]
    assert workouts() == ["Push", "Legs"]
    # when the last one is taken back
    told = answer(run("import", "--undo", "last", "--json"))
    # then it is that file's, and the next one is that of the other phone
    assert told["import_id"] == made
    assert workouts() == ["Legs"]
    run("import", "--undo", "last")
    assert workouts() == []


@pytest.mark.parametrize("reference", ["", "-", "0", "nothing"])
def test_what_means_no_import_takes_none_back(run: Run, hevy: Path, reference: str) -> None:
    before = answer(run("status", "--json"))["pending"]

    with pytest.raises(NotFound, match=f'0 imports are meant by "{reference}"; 1 can be undone'):
        run("import", "--undo", reference)

    assert answer(run("status", "--json"))["pending"] == before


def test_an_import_is_meant_by_the_end_of_its_id(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hevy.csv").write_text(HEVY)
    import_id = answer(run("import", str(tmp_path / "hevy.csv"), "--json"))["import_id"]

    assert answer(run("import", "--undo", import_id[-6:].upper(), "--json"))["import_id"] == import_id


def test_an_end_that_several_imports_have_takes_none_back(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = (UUID(f"{number:08x}-0000-7000-8000-00000000abcd") for number in (1, 2))
    monkeypatch.setattr("client.cli.importing.new_id", lambda: next(ids))
    for month in ("Mar", "Apr"):
        (tmp_path / "hevy.csv").write_text(HEVY.replace("Mar", month))
        run("import", str(tmp_path / "hevy.csv"))

    with pytest.raises(NotFound, match='2 imports are meant by "abcd"'):
        run("import", "--undo", "abcd")

    assert len(answer(run("log", "--json"))) == 2


def test_the_unit_is_asked_for_until_it_is_one_and_nothing_is_drawn_over_the_question(run: Run, tmp_path: Path) -> None:
    # given a file without units, and somebody at a terminal
    (tmp_path / "strong.csv").write_text(STRONG)
    terminal, end = os.openpty()
    command = [sys.executable, "-m", "client.cli", "import", str(tmp_path / "strong.csv")]
    process = subprocess.Popen(command, cwd=ROOT, stdin=end, stderr=end, stdout=subprocess.DEVNULL)
    os.close(end)
    waiting = select.poll()
    waiting.register(terminal, select.POLLIN)

    def seen() -> str:
        """What is shown up to the next question, and for a while after it."""
        shown = b""
        while b"kg or lb? [kg]:" not in shown:
            shown += os.read(terminal, 1000)
        for _ in range(3):
            if waiting.poll(100):
                shown += os.read(terminal, 1000)
        return shown.decode().partition("kg or lb? [kg]:")[2]

    # when it is asked for the unit and hears one that is none
    after_question = seen()
    os.write(terminal, b"pounds\n")
    after_again = seen()
    os.write(terminal, b"LB\n")
    # then it asks again, and takes the answer
    assert process.wait() == 0
    os.close(terminal)
    assert after_question == after_again == ""
    assert [row["entered"]["unit"] for row in answer(run("show", "--json"))["sets"]] == ["lb", "lb"]


@pytest.fixture
def exported(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export of a workout with one set, and a home into which it can move."""
    squat(run, "2026-01-05")
    run("export", str(tmp_path / "all.jsonl"))
    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "new"))
    return tmp_path / "all.jsonl"


@pytest.mark.parametrize("moment", ["gestern", "2026-01-01T00:00:00", 5, None])
def test_a_line_whose_time_is_none_is_skipped_with_its_reason(run: Run, exported: Path, moment: object) -> None:
    header, started, done, *rest = exported.read_text().splitlines()
    done = json.dumps({**json.loads(done), "occurred_at": moment})
    exported.write_text("\n".join([header, started, done, *rest]))

    told = answer(run("import", str(exported), "--json"))

    (skipped,) = told["skipped"]
    assert skipped["line"] == 3
    assert skipped["reason"].startswith("occurred_at: must be a time with an offset")
    assert told["counts"] == {"workouts": 1}


def test_a_time_is_taken_however_it_is_written(run: Run, exported: Path) -> None:
    exported.write_text(
        exported.read_text().replace(
            '"occurred_at":"2026-01-05T17:00:00.000Z"', '"occurred_at":"2026-01-05 18:00+01:00"'
        )
    )

    assert answer(run("import", str(exported), "--json"))["skipped"] == []
    assert '"occurred_at":"2026-01-05T17:00:00.000Z"' in run("export")


@pytest.mark.parametrize("events", ["many", None, [], 2.5])
def test_a_header_that_does_not_say_how_many_lines_follow_is_passed_over(
    run: Run, exported: Path, events: object
) -> None:
    header, *lines = exported.read_text().splitlines()
    exported.write_text("\n".join([json.dumps({**json.loads(header), "events": events}), *lines]))

    told = answer(run("import", str(exported), "--json"))

    assert (told["counts"], told["remarks"]) == ({"workouts": 1, "sets": 1}, [])


@pytest.mark.parametrize("said", [("{file}",), ("--unit", "kg"), ("--dry-run",)], ids=" ".join)
def test_an_undo_goes_alone(run: Run, hevy: Path, said: tuple[str, ...]) -> None:
    before = answer(run("status", "--json"))["pending"]

    with pytest.raises(Contradiction, match="--undo goes alone: leave out"):
        run("import", "--undo", "last", *(word.format(file=hevy) for word in said))

    assert answer(run("status", "--json"))["pending"] == before
