"""The command line as a daily training log, without any server."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from client.cli.entering import Already, Contradiction, Unprintable
from client.cli.opening import Log
from client.errors import NotFound
from client.plausible import Implausible
from client.session import Session
from shared.domains.exercises.catalogue import catalogue_id
from shared.domains.templates.events import TemplateSaved
from shared.domains.workouts.events import WorkoutStarted
from tests.unit.client.cli.running import Run, answer


def test_a_workout_from_start_to_end(run: Run) -> None:
    run("start", "Push")
    done = answer(run("set", "bench press", "3x5x100", "--rpe", "8", "--json"))
    run("set", "pull up", "10")
    ended = answer(run("end", "--note", "good", "--json"))

    assert done["exercise"] == "Bench Press (Barbell)"
    assert len(done["set_ids"]) == 3
    assert (ended["name"], ended["status"], ended["set_count"], ended["tonnage_kg"]) == ("Push", "completed", 4, 1500)
    shown = answer(run("show", "--json"))
    assert [row["rpe"] for row in shown["sets"]] == [8, 8, 8, None]
    assert shown["sets"][3]["load_basis"] == "bodyweight"
    assert shown["notes"] == "good"


def test_a_record_is_told_at_once_and_the_first_time_is_none(run: Run) -> None:
    first = answer(run("set", "squat", "5x100", "--json"))
    better = answer(run("set", "squat", "5x110", "--json"))
    worse = answer(run("set", "squat", "5x90", "--json"))

    assert first["records"] == []
    assert {"load", "e1rm", "set_volume"} <= {record["kind"] for record in better["records"]}
    assert next(record for record in better["records"] if record["kind"] == "load")["before"] == 100
    assert "load" not in {record["kind"] for record in worse["records"]}
    assert "record! heaviest load 120 kg (before: 110)" in run("set", "squat", "1x120")


@pytest.mark.parametrize("text", ["5x99999", "5x3400lb", "99999x5", "9999999", "3x10001x5"])
def test_what_cannot_be_is_not_taken(run: Run, text: str) -> None:
    with pytest.raises(Implausible):
        run("set", "squat", text)

    run("set", "squat", "5x100")
    with pytest.raises(Implausible):
        run("edit", "last", text.removeprefix("3x"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("--rpe", "8", "--rir", "5"), "--rpe 8 means --rir 2, and not 5"),
        (("--warmup", "--type", "drop"), "leave out --warmup, or --type drop"),
    ],
    ids=lambda said: " ".join(said) if isinstance(said, tuple) else "",
)
def test_nothing_that_was_said_of_a_set_is_passed_over(run: Run, said: tuple[str, ...], why: str) -> None:
    with pytest.raises(Contradiction, match=why):
        run("set", "squat", "5x100", *said)

    assert answer(run("log", "--json")) == []


def test_what_is_said_twice_is_no_contradiction(run: Run) -> None:
    assert "RPE 8.5" in run("set", "squat", "5x100", "--rpe", "8.5", "--rir", "1.5")
    assert "warmup" in run("set", "squat", "5x60", "--warmup", "--type", "warmup")


def test_a_set_that_cannot_be_starts_no_workout(run: Run) -> None:
    with pytest.raises(ValidationError):
        run("set", "squat", "5x100", "--rpe", "8.3")

    assert answer(run("log", "--json")) == []


def test_new_names_are_plain_text(run: Run) -> None:
    run("set", "squat", "5x100")
    run("end")

    for arguments in (("start",), ("edit", "--name"), ("template", "save"), ("exercises", "--add")):
        with pytest.raises(Unprintable):
            run(*arguments, "multi\nline\x1b[31mred")


def test_all_that_was_said_of_a_set_is_repeated(run: Run) -> None:
    told = run("set", "squat", "5x100", "--type", "drop", "--failure", "--side", "left", "--rest", "90", "--note", "hi")

    assert "5 x 100 kg  drop, to failure, side: left, rest 1:30 min  hi" in told
    assert "5 x 60 kg  warmup" in run("set", "squat", "5x60", "--warmup")
    assert "to failure" in run("show")
    assert "5 x 100 kg  RPE 9  amrap, to failure" in run("edit", "1", "--type", "amrap", "--rpe", "9")


def test_a_set_that_failed_breaks_no_record(run: Run) -> None:
    run("set", "squat", "5x100")

    assert answer(run("set", "squat", "0x100", "--json"))["records"] == []


def test_the_volume_of_a_workout_is_compared_with_that_of_others_and_told_once(run: Run) -> None:
    def volumes(*arguments: str) -> list[tuple[int, int]]:
        records = answer(run("set", "squat", *arguments, "--json"))["records"]
        return [(one["value"], one["before"]) for one in records if one["kind"] == "session_volume"]

    assert volumes("5x100", "--at", "2026-01-05 18:00") == []
    assert volumes("5x100", "--at", "2026-01-05 18:05") == []
    run("end", "--at", "2026-01-05 19:00")

    told = [volumes("5x100", "--at", f"2026-01-07 18:0{minute}") for minute in range(4)]

    assert told == [[], [], [(1500, 1000)], []]


def test_a_warm_up_is_no_record(run: Run) -> None:
    run("set", "squat", "5x100")

    assert answer(run("set", "squat", "5x200", "--warmup", "--json"))["records"] == []


def test_pounds_by_unit_or_by_profile(run: Run) -> None:
    run("set", "deadlift", "5x225lb")
    run("profile", "--units", "imperial")
    run("set", "deadlift", "5x315")

    sets = answer(run("show", "--json"))["sets"]
    assert [row["entered"] for row in sets] == [{"weight": 225, "unit": "lb"}, {"weight": 315, "unit": "lb"}]
    assert sets[0]["weight"] == 102.058283


def test_a_misspelled_name_is_met_with_near_ones(run: Run) -> None:
    with pytest.raises(Exception, match='did you mean "Plank"'):
        run("set", "plnk", "60s")


def test_a_part_of_a_name_means_the_exercise_that_was_done_before(run: Run) -> None:
    run("set", "incline bench press dumbbell", "8x30")

    assert answer(run("set", "incline bench", "8x32", "--json"))["exercise"] == "Incline Bench Press (Dumbbell)"


def test_sets_are_corrected_also_in_an_old_workout(run: Run) -> None:
    run("set", "squat", "5x100", "--at", "2026-01-05 18:00")
    run("end", "--at", "2026-01-05 19:00")
    run("set", "squat", "5x110")

    run("edit", "1", "6x105", "--rpe", "9", "--workout", "2026-01-05")

    old = answer(run("show", "2026-01-05", "--json"))["sets"]
    assert [(row["reps"], row["weight"], row["rpe"]) for row in old] == [(6, 105, 9)]


def test_undo_takes_back_the_last_action_and_then_the_one_before(run: Run) -> None:
    run("set", "squat", "5x100")
    run("set", "squat", "3x5x110")
    run("edit", "1", "8x100")

    run("undo")
    assert [row["reps"] for row in answer(run("show", "--json"))["sets"]] == [5, 5, 5, 5]
    run("undo")
    assert [row["weight"] for row in answer(run("show", "--json"))["sets"]] == [100]
    run("undo")
    assert answer(run("show", "--json"))["sets"] == []


def test_an_undone_end_goes_on(run: Run) -> None:
    run("start")
    run("end")

    run("undo")

    assert answer(run("show", "--json"))["status"] == "in_progress"


def test_a_removed_set_comes_back(run: Run) -> None:
    (set_id,) = answer(run("set", "squat", "5x100", "--json"))["set_ids"]
    run("edit", "last", "--remove")
    assert answer(run("show", "--json"))["sets"] == []

    run("edit", set_id, "--restore")

    assert len(answer(run("show", "--json"))["sets"]) == 1


def test_a_template_shows_what_was_done_the_last_time(run: Run) -> None:
    run("start", "Legs")
    run("set", "squat", "3x5x100")
    run("end")
    run("template", "save", "Legs")

    shown = run("start", "--template", "legs")

    assert "Squat (Barbell)  3 x 5   last time: 5 x 100 kg, 5 x 100 kg, 5 x 100 kg" in shown
    assert answer(run("template", "list", "--json"))[0]["name"] == "Legs"


def test_a_template_shows_how_long_something_is_to_be_held(run: Run) -> None:
    plank = {"exercise_id": catalogue_id("plank"), "sets": 3, "target": {"duration_s": 45}}
    log = Log()
    log.add([TemplateSaved.model_validate({"template_id": uuid4(), "name": "Core", "exercises": [plank]})])

    assert "Plank  3 x 45 s   last time: never done" in run("start", "--template", "core")


def test_body_fat_by_tape_needs_a_sex(run: Run) -> None:
    run("profile", "--sex", "male")

    row = answer(run("measure", "82.5", "--waist", "85", "--neck", "38", "--height", "180", "--json"))

    assert row["body_fat_percent"] == 16.106606
    assert "± 3.5" in run("measure")


def test_units_in_one_measurement_do_not_mix(run: Run) -> None:
    assert answer(run("measure", "182lb", "--json"))["weight_kg"] == 82.553811
    with pytest.raises(Exception, match="say --units"):
        run("measure", "182lb", "--waist", "85")


def test_exercises_of_ones_own(run: Run) -> None:
    run("exercises", "--add", "Sandbag Carry Uphill", "--muscle", "glutes", "--equipment", "sandbag")
    run("set", "sandbag carry uphill", "40mx50")
    run("exercises", "sandbag carry uphill", "--rename", "Hill Carry")

    assert answer(run("exercises", "--custom", "--json"))[0]["name"] == "Hill Carry"
    assert answer(run("set", "hill carry", "40mx60", "--json"))["exercise"] == "Hill Carry"


def test_weeks_and_trends(run: Run) -> None:
    for day, weight in (("2026-01-05", 100), ("2026-01-12", 105), ("2026-01-19", 110)):
        run("set", "squat", f"5x{weight}", "--at", f"{day} 18:00")
        run("end", "--at", f"{day} 19:00")

    weeks = answer(run("stats", "--json"))
    trend = answer(run("stats", "squat", "--json"))

    assert [week["week"] for week in weeks] == ["2026-W02", "2026-W03", "2026-W04"]
    assert weeks[0]["hard_sets"]["quadriceps"] == 1
    assert [point["best_load_kg"] for point in trend["progress"]] == [100, 105, 110]
    assert "estimated one-rep max" in run("stats", "squat")
    assert "quadriceps" in run("stats")


def test_status_tells_what_waits(run: Run) -> None:
    run("set", "squat", "5x100")

    status = answer(run("status", "--json"))

    assert (status["pending"], status["synced"], status["failed"], status["server"]) == (2, 0, 0, None)
    assert status["oldest"] is not None
    assert "2 waiting" in run("status")


def test_sync_without_a_server_says_what_to_do(run: Run) -> None:
    with pytest.raises(Exception, match="sync --server URL"):
        run("sync")


def test_a_server_that_is_away_keeps_everything(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.engine.delay", lambda *_: 0)
    run("set", "squat", "5x100")
    Session(tmp_path / "home" / "session.json").use_server("http://127.0.0.1:1")

    output = run("sync", code=1)

    assert "2 events wait safely" in output
    assert answer(run("status", "--json"))["pending"] == 2


def test_doctor_is_content_with_a_sound_log(run: Run) -> None:
    run("set", "squat", "5x100")

    report = answer(run("doctor", "--json"))

    assert report["healthy"]
    assert {check["name"] for check in report["checks"]} == {"file", "privacy", "understanding", "refused"}


STRONG = """Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE
2025-03-01 18:00:00,Legs,Squat (Barbell),1,100,5,0,0,,,8
2025-03-01 18:00:00,Legs,Squat (Barbell),2,100,5,0,0,,,
2025-03-01 18:00:00,Legs,Flying Fish Press,1,20,10,0,0,,,
2025-03-01 18:00:00,Legs,Squat (Barbell),3,0,0,0,0,,,
"""


@pytest.fixture
def strong(tmp_path: Path) -> str:
    path = tmp_path / "strong.csv"
    path.write_text(STRONG)
    return str(path)


def test_an_import_accounts_for_every_row_and_twice_is_once(run: Run, strong: str) -> None:
    first = answer(run("import", strong, "--unit", "kg", "--json"))
    second = answer(run("import", strong, "--unit", "kg", "--json"))

    assert (first["source"], first["workouts"], first["rows"], first["imported_rows"]) == ("strong", 1, 4, 3)
    assert [row["line"] for row in first["skipped"]] == [5]
    assert first["new_exercises"] == ["Flying Fish Press"]
    assert first["new_events"] == 7
    assert second["new_events"] == 0


def test_a_dry_run_writes_nothing(run: Run, strong: str) -> None:
    assert answer(run("import", strong, "--dry-run", "--json"))["new_events"] == 7
    assert answer(run("status", "--json"))["pending"] == 0


def test_a_file_without_a_unit_asks_for_it(run: Run, strong: str) -> None:
    with pytest.raises(Exception, match="say --unit"):
        run("import", strong)


def test_an_undone_import_comes_back_with_the_file_but_not_what_was_removed_by_hand(run: Run, strong: str) -> None:
    run("import", strong, "--unit", "kg")
    run("edit", "1", "--remove", "--workout", "1")
    run("undo")
    run("edit", "1", "--remove", "--workout", "1")

    run("import", "--undo", "last")
    assert answer(run("log", "--json")) == []
    run("import", strong, "--unit", "kg")

    assert answer(run("log", "--json"))[0]["set_count"] == 2
    assert answer(run("import", strong, "--unit", "kg", "--json"))["new_events"] == 0


def test_a_file_that_was_imported_in_the_wrong_unit_is_imported_anew(run: Run, strong: str) -> None:
    # given a file in kilograms that was taken for one in pounds, of which a set was corrected by hand
    run("import", strong, "--unit", "kg")
    right = answer(run("show", "1", "--json"))["sets"]
    run("import", "--undo", "last")
    run("import", strong, "--unit", "lb")
    wrong = answer(run("show", "1", "--json"))["sets"]
    assert wrong[1]["weight"] != right[1]["weight"]
    run("edit", "1", "9x77.5", "--workout", "1")
    # when that is undone and it is imported as what it is
    run("import", "--undo", "last")
    run("import", strong, "--unit", "kg")
    # then all weighs what the file says, but for what was said by hand
    first, *others = answer(run("show", "1", "--json"))["sets"]
    assert (first["reps"], first["weight"]) == (9, 77.5)
    assert others == right[1:]
    # and there is nothing left to import
    assert answer(run("import", strong, "--unit", "kg", "--json"))["new_events"] == 0


def test_undo_right_after_an_import_takes_all_of_it_back(run: Run, strong: str) -> None:
    run("import", strong, "--unit", "kg")

    run("undo")

    assert answer(run("log", "--json")) == []
    assert answer(run("exercises", "--custom", "--json")) == []


def test_a_correction_survives_the_same_file_again(run: Run, strong: str) -> None:
    run("import", strong, "--unit", "kg")
    run("edit", "1", "9x100", "--workout", "1")

    run("import", strong, "--unit", "kg")

    assert answer(run("show", "1", "--json"))["sets"][0]["reps"] == 9


def test_an_own_export_comes_to_the_same_in_an_empty_log(
    run: Run, strong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", strong, "--unit", "kg")
    run("profile", "--sex", "female", "--height", "165")
    run("measure", "60", "--waist", "70")
    run("set", "squat", "5x110")
    run("edit", "last", "6x110")
    run("edit", "1", "--remove", "--workout", "2")
    run("template", "save", "Legs")
    before = answer(run("doctor", "--json"))["content_digest"]
    run("export", str(tmp_path / "log.jsonl"))

    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "new"))
    moved = answer(run("import", str(tmp_path / "log.jsonl"), "--json"))

    assert answer(run("doctor", "--json"))["content_digest"] == before
    assert moved["source"] == "hypertrophy"
    assert moved["rows"] == moved["imported_rows"]
    assert answer(run("import", str(tmp_path / "log.jsonl"), "--json"))["new_events"] == 0


def test_a_table_as_hevys_is_read_back(run: Run, strong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("import", strong, "--unit", "kg")
    run("export", str(tmp_path / "log.csv"))

    monkeypatch.setenv("HYPERTROPHY_HOME", str(tmp_path / "new"))
    moved = answer(run("import", str(tmp_path / "log.csv"), "--json"))

    assert (moved["source"], moved["workouts"], moved["imported_rows"], moved["skipped"]) == ("hevy", 1, 3, [])


def test_the_report_of_a_month(run: Run, strong: str) -> None:
    run("import", strong, "--unit", "kg")

    text = run("export", "--format", "markdown", "--month", "2025-03")
    page = run("export", "--format", "html", "--month", "2025-03")

    assert "# Training in March 2025" in text
    assert "1 workout, 3 sets, 1200 kg" in text
    assert "Squat (Barbell) | heaviest load | 100 kg" in text
    assert "estimated one-rep max</td>" in page
    assert "<svg" in page
    assert "http" not in page


def test_a_workout_whose_end_was_forgotten_ends_at_its_last_set(run: Run) -> None:
    run("start", "Old", "--at", "2026-01-05 18:00")
    run("set", "squat", "5x100", "--at", "2026-01-05 18:30")

    run("set", "squat", "5x110", "--at", "2026-01-07 18:00")

    new, old = answer(run("log", "--json"))
    assert (old["name"], old["status"], old["duration_s"]) == ("Old", "completed", 1800)
    assert (new["status"], new["set_count"]) == ("in_progress", 1)


@pytest.mark.parametrize(
    "refused",
    [
        ("set", "squat", "5x100", "--rpe", "8.3"),
        ("set", "squat", "5x99999"),
        ("start", "--template", "nowhere"),
        ("start", "--note", "x" * 20_000),
    ],
)
def test_what_is_refused_ends_no_forgotten_workout(run: Run, refused: tuple[str, ...]) -> None:
    run("start", "Old", "--at", "10 h ago")

    with pytest.raises((ValidationError, Implausible, NotFound)):
        run(*refused)

    assert answer(run("show", "--json"))["status"] == "in_progress"


def test_of_two_workouts_in_progress_the_one_that_a_set_goes_into_is_named(run: Run) -> None:
    # given a workout of this phone, and one of another that was begun later
    run("start", "Push", "--at", "2 h ago")
    assert "Push" not in run("set", "squat", "5x100")
    log = Log()
    log.add([WorkoutStarted(workout_id=UUID(int=0xC0FFEE), started_at=log.now, name="Legs")])
    # when a set is logged
    said = run("set", "squat", "5x100")
    # then it says where it went
    assert "into Legs of " in said
    assert "(c0ffee), the newest of 2 workouts in progress" in said
    run("end")
    assert "into" not in run("set", "squat", "5x100")


def test_a_set_of_long_before_the_workout_in_progress_is_no_part_of_it(run: Run) -> None:
    run("start", "Push", "--at", "1 h ago")
    run("set", "squat", "5x100", "--at", "2 h ago")

    with pytest.raises(Already, match=r"2026-01-05 18:00 is long before Push of .*; `hypertrophy end` ends it"):
        run("set", "squat", "5x90", "--at", "2026-01-05 18:00")

    assert answer(run("show", "--json"))["set_count"] == 1
    run("end")
    run("set", "squat", "5x90", "--at", "2026-01-05 18:00")
    assert answer(run("show", "2026-01-05", "--json"))["set_count"] == 1
