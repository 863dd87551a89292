"""What two phones changed at once is told, listed and settled."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from client.errors import NotFound
from client.protocol import Protocol
from shared.domains.workouts.events import WorkoutDiscarded
from tests.unit.client.cli.running import Run, answer
from tests.unit.client.fake_server import FakeServer
from tests.unit.client.phones import Phone
from tests.unit.client.test_engine import second_phone


@pytest.fixture
def other(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Phone:
    """The phone that the commands have not: both have corrected the one set to 5 here and to 6 there."""
    server = FakeServer()
    monkeypatch.setattr("client.cli.online.Protocol", partial(Protocol, transport=server.transport))
    own = Phone(tmp_path / "home", server.transport)
    set_id = own.set(own.start(), 4)
    asyncio.run(own.sync())
    phone = second_phone(server, own, tmp_path / "other")
    asyncio.run(phone.sync())
    own.correct(set_id, 5)
    phone.now = own.now
    phone.correct(set_id, 6)
    asyncio.run(phone.sync())
    return phone


def reps(run: Run) -> int:
    return int(answer(run("show", "--json"))["sets"][0]["reps"])


def test_sync_and_status_tell_that_there_is_a_conflict(run: Run, other: Phone) -> None:
    assert "conflicts" not in run("status")

    assert "1 set was changed on two devices: `hypertrophy conflicts`" in run("sync")
    assert "1 set was changed on two devices: `hypertrophy conflicts`" in run("status")
    assert answer(run("status", "--json"))["conflicts"] == answer(run("sync", "--json"))["conflicts"] == 1


def test_a_conflict_is_listed_with_both_values(run: Run, other: Phone) -> None:
    run("sync")

    shown = run("conflicts")
    (row,) = answer(run("conflicts", "--json"))

    assert "set of " in shown
    assert "this device" in shown
    assert f"device {str(other.device_id)[-12:]}" in shown
    assert row["field"] == "reps"
    assert {row["value"], row["others"][0]["value"]} == {5, 6}


def test_keeping_what_counts_settles_it_on_both_phones(run: Run, other: Phone) -> None:
    run("sync")
    (row,) = answer(run("conflicts", "--json"))

    run("conflicts", row["entity_id"][-6:], "--keep")
    run("sync")
    asyncio.run(other.sync())

    assert reps(run) == row["value"]
    assert run("conflicts") == "no two devices say different things\n"
    assert other.projection.conflicts == []
    assert other.projection.sets[0].reps == row["value"]


def test_taking_the_other_value_settles_it_too(run: Run, other: Phone) -> None:
    run("sync")
    (row,) = answer(run("conflicts", "--json"))

    said = run("conflicts", row["entity_id"][-6:], "--take", "1", "--field", "reps")

    assert f"reps {row['others'][0]['value']}" in said
    assert reps(run) == row["others"][0]["value"]
    assert answer(run("conflicts", "--json")) == []


def test_sets_of_a_workout_that_another_phone_discarded_are_told_of_and_brought_back(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two phones, of which one goes on with a workout while the other discards it
    server = FakeServer()
    monkeypatch.setattr("client.cli.online.Protocol", partial(Protocol, transport=server.transport))
    own = Phone(tmp_path / "home", server.transport)
    workout_id = own.start()
    own.set(workout_id, 5)
    asyncio.run(own.sync())
    phone = second_phone(server, own, tmp_path / "other")
    asyncio.run(phone.sync())
    own.set(workout_id, 6)
    phone.now = own.now
    phone.log(WorkoutDiscarded(workout_id=workout_id))
    asyncio.run(phone.sync())
    # when this one hears of it
    assert "1 workout was changed on two devices" in run("sync")
    # then it can say that the workout is there
    assert "removed no" in run("conflicts", str(workout_id)[-6:], "--take", "1")
    assert [row["reps"] for row in answer(run("show", "--json"))["sets"]] == [5, 6]
    run("sync")
    asyncio.run(phone.sync())
    assert phone.projection.conflicts == []
    assert len(phone.projection.sets_of(workout_id)) == 2


def test_all_conflicts_are_settled_at_once_as_they_count(run: Run, other: Phone) -> None:
    run("sync")
    before = reps(run)

    assert run("conflicts", "all", "--keep").startswith("settled set of ")

    assert (answer(run("conflicts", "--json")), reps(run)) == ([], before)
    assert answer(run("conflicts", "all", "--keep", "--json")) == []


@pytest.mark.parametrize(
    "said",
    [("--keep",), ("all", "--take", "1"), ("{id}", "--keep", "--take", "1"), ("{id}", "--take", "2"), ("nobody",)],
)
def test_what_names_no_value_settles_nothing(run: Run, other: Phone, said: tuple[str, ...]) -> None:
    run("sync")
    (row,) = answer(run("conflicts", "--json"))

    with pytest.raises(NotFound):
        run("conflicts", *(word.format(id=row["entity_id"]) for word in said))

    assert len(answer(run("conflicts", "--json"))) == 1


def test_all_may_be_all_of_one_field(run: Run, other: Phone) -> None:
    run("sync")

    with pytest.raises(NotFound, match='"rpe" is in conflict nowhere'):
        run("conflicts", "all", "--keep", "--field", "rpe")
    assert len(answer(run("conflicts", "--json"))) == 1

    run("conflicts", "all", "--keep", "--field", "reps")
    assert run("conflicts", "all", "--keep") == "no two devices say different things\n"
