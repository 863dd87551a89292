"""What the server refused, from the command line."""

import pytest

from client.cli.entering import Contradiction
from client.cli.opening import Log
from client.decide import Failure, Go, Judged
from tests.unit.client.cli.running import Run, answer


@pytest.fixture
def refused(run: Run) -> str:
    """The id of a set that the server has refused."""
    run("set", "squat", "5x100")
    queue = Log().queue
    batch = queue.take()
    *others, last = batch.events
    settled = tuple(event.sequence_number for event in others)
    queue.settle(batch, Judged(settled, (Failure(last.sequence_number, "no such set"),), Go()))
    return str(last.event_id)


def test_what_was_refused_is_given_up_or_corrected_but_not_both(run: Run, refused: str) -> None:
    with pytest.raises(Contradiction, match="--drop gives the event up: leave it out, or leave out reps=3"):
        run("fix", refused, "--drop", "reps=3")

    assert answer(run("status", "--json"))["failed"] == 1


def test_what_was_refused_can_be_corrected(run: Run, refused: str) -> None:
    run("fix", refused, "reps=3")

    assert answer(run("status", "--json"))["failed"] == 0
    assert [row["reps"] for row in answer(run("show", "--json"))["sets"]] == [3]


def test_what_was_refused_can_be_given_up(run: Run, refused: str) -> None:
    assert run("fix", refused, "--drop") == "given up\n"

    assert answer(run("status", "--json"))["failed"] == 0
