"""Corrections after the fact, from the command line."""

from uuid import UUID

import pytest

from client.cli.changing import SeveralSets
from client.cli.entering import Contradiction, EndsTooSoon
from client.clock import FarAhead
from client.errors import NotFound
from tests.unit.client.cli.running import Run, answer


def test_the_numbers_of_sets_start_at_1_and_end_with_the_last(run: Run) -> None:
    run("set", "squat", "3x5x100")

    for number in ("0", "4"):
        with pytest.raises(NotFound, match=f"no set number {number}; the workout has the sets 1 to 3"):
            run("edit", number, "7x70")

    assert [row["reps"] for row in answer(run("show", "--json"))["sets"]] == [5, 5, 5]


def test_undo_names_the_sets_that_it_touches(run: Run) -> None:
    run("set", "squat", "5x100")
    run("set", "squat", "2x5x110")

    assert run("undo").count("Squat (Barbell)  5 x 110 kg") == 2
    run("edit", "1", "8x100")
    assert "now Squat (Barbell)  5 x 100 kg" in run("undo")
    run("edit", "1", "--remove")
    assert "now Squat (Barbell)  5 x 100 kg" in run("undo")


def test_a_correction_gives_one_set(run: Run) -> None:
    run("set", "squat", "5x100")

    with pytest.raises(SeveralSets, match="a correction gives one"):
        run("edit", "last", "5x5x100")


def test_a_correction_says_what_the_weight_is_now(run: Run) -> None:
    run("start")
    run("set", "bench press", "5x+10")
    assert "5 x 60 kg" in run("edit", "last", "5x60")
    assert "5 x body - 10 kg" in run("edit", "last", "5x-10")
    assert "5 x 10 kg" in run("edit", "last", "5x10")
    run("set", "bicep curl (dumbbell)", "10x20", "--per-hand")
    assert "12 x 2 x 25 kg" in run("edit", "last", "12x25")
    assert "12 x 25 kg" in run("edit", "last", "12x25", "--both-hands")


@pytest.mark.parametrize(
    ("logged", "corrected", "rpe", "rir"),
    [
        (("--rir", "1"), ("--rpe", "4"), 4, None),
        (("--rpe", "9"), ("--rir", "5"), None, 5),
        (("--rpe", "9"), ("--rpe", "8"), 8, None),
        (("--rpe", "9"), ("--rpe", "8", "--rir", "2"), 8, 2),
        (("--rpe", "9"), ("--note", "slow"), 9, None),
    ],
)
def test_a_corrected_effort_takes_the_place_of_the_one_before(
    run: Run, logged: tuple[str, ...], corrected: tuple[str, ...], rpe: int | None, rir: int | None
) -> None:
    run("set", "squat", "5x100", *logged)
    (before,) = answer(run("show", "--json"))["sets"]

    run("edit", "last", *corrected)

    (row,) = answer(run("show", "--json"))["sets"]
    assert (row["rpe"], row["rir"]) == (rpe, rir)
    run("undo")
    assert answer(run("show", "--json"))["sets"] == [before]


def test_what_is_restored_is_what_was_removed(run: Run) -> None:
    for name in ("One", "Two"):
        run("start", name)
        run("set", "squat", "5x100")
        run("end")
    removed = run("edit", "--remove")
    assert "removed Two (" in removed
    assert "brought back Two (" in run("edit", "--restore")
    with pytest.raises(NotFound, match="no workout was removed"):
        run("edit", "--restore")
    run("undo")
    known = removed.partition("(")[2].partition(")")[0]
    assert "brought back Two" in run("edit", "--restore", "--workout", known)


def test_only_the_whole_id_of_a_set_restores_it(run: Run) -> None:
    run("set", "squat", "5x100")

    for reference in ("last", str(UUID(int=0))):
        with pytest.raises(NotFound, match="undo"):
            run("edit", reference, "--restore")


def test_a_workout_cannot_end_before_it_starts(run: Run) -> None:
    run("start", "--at", "2026-01-05 18:00")

    with pytest.raises(EndsTooSoon, match="starts at 2026-01-05 18:00 and would end at 2026-01-05 17:00"):
        run("end", "--at", "2026-01-05 17:00")
    run("end", "--at", "2026-01-05 19:00")
    with pytest.raises(EndsTooSoon):
        run("edit", "--started", "2026-01-05 20:00")
    with pytest.raises(EndsTooSoon):
        run("edit", "--ended", "2026-01-05 17:00")

    assert answer(run("show", "--json"))["duration_s"] == 3600


def test_nothing_is_done_far_ahead(run: Run) -> None:
    run("start")

    for arguments in (("set", "squat", "5x100", "--at"), ("end", "--at"), ("edit", "--started"), ("edit", "--ended")):
        with pytest.raises(FarAhead):
            run(*arguments, "2999-01-01")

    assert answer(run("show", "--json"))["status"] == "in_progress"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("1", "5x110", "--remove"), "--remove goes alone: say 5x110 in another"),
        (("1", "--remove", "--note", "hi"), "--remove goes alone: say --note in another"),
        (("--name", "Legs", "--remove"), "--remove goes alone: say --name in another"),
        (("1", "--rpe", "9", "--restore"), "--restore goes alone: say --rpe in another"),
        (("1", "--remove", "--restore"), "opposites"),
        (("--rpe", "9", "--note", "hi"), "--rpe is of a set: name it"),
        (("1", "--rpe", "8", "--unit", "lb"), "--unit is of a weight: say that with it"),
        (("1", "--rpe", "8", "--both-hands"), "--per-hand is of a weight"),
        (("1", "--rpe", "8", "--rir", "5"), "--rpe 8 means --rir 2, and not 5"),
        (("1", "5x110", "--name", "Legs"), "--name is of a workout: leave out the set, 1"),
    ],
    ids=lambda said: " ".join(said) if isinstance(said, tuple) else "",
)
def test_nothing_that_was_said_is_passed_over(run: Run, said: tuple[str, ...], why: str) -> None:
    run("start", "Push")
    run("set", "squat", "5x100")
    before = answer(run("show", "--json"))

    with pytest.raises(Contradiction, match=why):
        run("edit", *said)

    assert answer(run("show", "--json")) == before
