"""Moving out of the log, in words."""

import errno
from pathlib import Path

import pytest

from client.cli.exporting import NotWritten
from client.errors import NotFound
from tests.unit.client.cli.running import Run, answer, squat


def test_a_month_counts_only_what_was_done_in_it(run: Run) -> None:
    # given a week that begins in November and ends in December, with a workout in each
    squat(run, "2024-11-28", "2x5x100")
    squat(run, "2024-12-01", "5x50")

    report = run("export", "--format", "markdown", "--month", "2024-12")

    assert "1 workout, 1 set, 250 kg" in report
    assert "2024-W48" in report
    assert "1250" not in report
    assert [line.split()[-2:] for line in report.splitlines() if line.startswith("quadriceps")] == [["1", "set"]]


def test_a_month_without_a_workout_has_no_weeks_and_no_hard_sets(run: Run) -> None:
    squat(run, "2024-11-28")

    report = run("export", "--format", "markdown", "--month", "2024-12")

    assert "0 workouts, 0 sets, 0 kg" in report
    assert "##" not in report


@pytest.mark.parametrize("form", ["jsonl", "hevy"])
def test_a_month_of_what_is_no_report_is_refused(run: Run, form: str) -> None:
    with pytest.raises(NotFound, match="say `-f markdown` or `-f html`"):
        run("export", "--format", form, "--month", "2026-11")


@pytest.mark.parametrize("form", ["hevy", "markdown", "html"])
def test_what_is_no_json_is_not_printed_as_such(run: Run, form: str) -> None:
    with pytest.raises(NotFound, match=f"{form} is no JSON"):
        run("export", "--format", form, "--json")


def test_json_is_printed_as_such_and_else_tells_of_the_file(run: Run, tmp_path: Path) -> None:
    assert answer(run("export", "--json"))["events"] == 0
    assert answer(run("export", str(tmp_path / "log.csv"), "--json"))["format"] == "hevy"


def test_an_export_that_fails_leaves_the_one_before(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    # given an export, and no room for another
    squat(run, "2026-01-05", "3x5x100")
    file = tmp_path / "all.jsonl"
    run("export", str(file))
    before = file.read_bytes()
    squat(run, "2026-01-06", "5x5x100")
    monkeypatch.setattr("client.files.os.fsync", full)
    # when it is written again
    with pytest.raises(NotWritten, match=r"all\.jsonl was not written: No space left on device"):
        run("export", str(file))
    # then it is as it was, and nothing else is left
    assert file.read_bytes() == before
    assert list(tmp_path.glob(".all*")) == []


def test_an_export_keeps_the_link_and_the_rights_of_the_one_before(run: Run, tmp_path: Path) -> None:
    # given an export that only its owner may read, behind a link
    squat(run, "2026-01-05", "3x5x100")
    file, link = tmp_path / "all.jsonl", tmp_path / "latest.jsonl"
    file.touch(mode=0o600)
    link.symlink_to(file)
    # when it is written again
    run("export", str(link))
    # then it is where and whose it was
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text()


def test_where_no_file_can_be_the_name_is_told(run: Run, tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match=r"nowhere/all\.jsonl was not written: No such file or directory"):
        run("export", str(tmp_path / "nowhere" / "all.jsonl"))
