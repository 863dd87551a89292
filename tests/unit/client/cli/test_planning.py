"""Exercises of one's own: each name once, and what was done to which is said."""

import pytest
from pydantic import ValidationError

from client.cli.entering import Already
from client.errors import NotFound
from client.naming import ArchivedExercise
from client.notation import UnreadablePlan
from tests.unit.client.cli.running import Run, answer


@pytest.mark.parametrize("again", ["Zercher Lunge", "zercher  lunge", "Lunges (Zercher)", "bench press"])
def test_a_name_that_is_known_is_not_defined_again(run: Run, again: str) -> None:
    run("exercises", "--add", "Zercher Lunge")

    with pytest.raises(Already, match="known already"):
        run("exercises", "--add", again)

    assert len(answer(run("exercises", "--custom", "--json"))) == 1


def test_a_name_that_an_exercise_has_is_no_new_one_for_another(run: Run) -> None:
    run("exercises", "--add", "Flat")

    with pytest.raises(Already, match="known already"):
        run("exercises", "bench press", "--rename", "flat")

    assert run("exercises", "flat", "--rename", "FLAT") == 'renamed "Flat" to "FLAT"\n'
    assert run("exercises", "bench press", "--rename", "Pressing") == 'renamed "Bench Press (Barbell)" to "Pressing"\n'


def test_an_exercise_without_a_name_is_met_with_an_example(run: Run) -> None:
    with pytest.raises(Already, match='needs a name: `hypertrophy exercises --add "Hill Carry"'):
        run("exercises", "--add", "")


def test_an_archived_exercise_comes_back_by_its_name_or_by_the_end_of_its_id(run: Run) -> None:
    exercise_id = answer(run("exercises", "--add", "Flat Carry", "--json"))["exercise_id"]

    assert 'archived "Flat Carry"' in run("exercises", "flat carry", "--archive")
    for reference in ("flat carry", "flat", exercise_id[-6:], exercise_id):
        assert run("exercises", reference, "--restore") == '"Flat Carry" is back on the list\n'
        run("exercises", "flat carry", "--archive")
    with pytest.raises(NotFound, match='archived are: "Flat Carry"'):
        run("exercises", "steep", "--restore")


@pytest.mark.parametrize(
    "said", [("set", "flat carry", "5x100"), ("set", "flat", "5x100"), ("exercises", "--add", "Flat Carry")]
)
def test_what_is_archived_is_not_called_unknown(run: Run, said: tuple[str, ...]) -> None:
    run("exercises", "--add", "Flat Carry")
    run("exercises", "flat carry", "--archive")

    with pytest.raises(ArchivedExercise, match='is archived; `hypertrophy exercises "Flat Carry" --restore`'):
        run(*said)


@pytest.mark.parametrize("change", [("--rename", "Foo"), ("--archive",), ("--restore",), ("--merge-into", "squat")])
def test_a_change_without_an_exercise_asks_for_one(run: Run, change: tuple[str, ...]) -> None:
    with pytest.raises(NotFound, match="which exercise"):
        run("exercises", *change)


def test_two_changes_at_once_are_none(run: Run) -> None:
    with pytest.raises(Already, match="one change at a time"):
        run("exercises", "squat", "--archive", "--rename", "Foo")


def test_a_merge_says_what_counts_as_what(run: Run) -> None:
    run("exercises", "--add", "Flat")

    with pytest.raises(Already, match="one and the same"):
        run("exercises", "flat", "--merge-into", "flat")
    assert 'sets of "Flat" count as "Squat (Barbell)"' in run("exercises", "flat", "--merge-into", "squat")


def test_near_names_are_quoted(run: Run) -> None:
    assert run("exercises", "plnk") == 'nothing found; did you mean "Plank"?\n'


@pytest.mark.parametrize(
    ("plan", "goal"),
    [("3x60s", "3 x 1 min"), ("3 x 0:45", "3 x 45 s"), ("4x20m", "4 x 20 m"), ("3x8", "3 x 8"), ("3", "3 x ?")],
)
def test_a_template_holds_what_each_set_is_to_be(run: Run, plan: str, goal: str) -> None:
    run("template", "save", "Core", f"Plank={plan}")

    assert f"Plank  {goal}   last time: never done" in run("start", "--template", "core")


@pytest.mark.parametrize("plan", ["0x5", "3x0", "3x0s", "3x0.4s", "3x5x100", "x5", "3x", "lots", ""])
def test_a_plan_that_says_no_sets_is_met_with_examples(run: Run, plan: str) -> None:
    with pytest.raises(UnreadablePlan, match="is no plan; write it like 3x8"):
        run("template", "save", "Core", f"Plank={plan}")

    assert answer(run("template", "list", "--json")) == []


@pytest.mark.parametrize("name", ["", " ", "the"])
def test_a_name_that_says_nothing_is_not_offered_as_a_new_one(run: Run, name: str) -> None:
    for arguments in (("set", name, "5x100"), ("stats", name), ("exercises", name, "--archive")):
        with pytest.raises(NotFound, match=f'"{name}" names no exercise; `hypertrophy exercises` lists them'):
            run(*arguments)


def test_a_template_is_named_without_outer_blanks(run: Run) -> None:
    run("template", "save", "  Core ", "Plank=3x60s")
    run("template", "save", "core", "Plank=4x60s")

    assert [row["name"] for row in answer(run("template", "list", "--json"))] == ["core"]
    assert "4 x 1 min" in run("start", "--template", "Core")


def test_a_template_without_a_name_is_not_saved(run: Run) -> None:
    with pytest.raises(ValidationError, match="name"):
        run("template", "save", "  ", "Plank=3x60s")

    assert answer(run("template", "list", "--json")) == []
