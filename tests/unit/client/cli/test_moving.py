"""Moving in and out of the log, in words."""

from tests.unit.client.cli.running import Run


def squat(run: Run, day: str, done: str = "5x100") -> None:
    run("set", "squat", done, "--at", f"{day} 18:00")
    run("end", "--at", f"{day} 19:00")


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
