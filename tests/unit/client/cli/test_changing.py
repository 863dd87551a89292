"""Corrections after the fact, from the command line."""

import pytest

from client.errors import NotFound
from tests.unit.client.cli.running import Run, answer


def test_the_numbers_of_sets_start_at_1_and_end_with_the_last(run: Run) -> None:
    run("set", "squat", "3x5x100")

    for number in ("0", "4"):
        with pytest.raises(NotFound, match=f"no set number {number}; the workout has the sets 1 to 3"):
            run("edit", number, "7x70")

    assert [row["reps"] for row in answer(run("show", "--json"))["sets"]] == [5, 5, 5]
