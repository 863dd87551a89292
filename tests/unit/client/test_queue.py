"""The queue: numbers without gaps whoever writes, and nothing half-done."""

import json
import multiprocessing
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.decide import Failure, Fork, Go, Judged
from client.events import Draft, Origin, PulledEvent, Status, mark
from client.lost import lost
from client.pulled import PulledLog
from client.queue import EventQueue, NotRefused
from client.schema import MIGRATIONS, NewerLog
from shared.domains.workouts.events import SetCorrected, WorkoutDiscarded, WorkoutStarted

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)


def draft() -> Draft:
    return Draft(WorkoutStarted(workout_id=uuid4(), started_at=AT), AT)


def edit() -> Draft:
    return Draft(SetCorrected(set_id=uuid4(), reps=5), AT)


@pytest.fixture
def queue(tmp_path: Path) -> EventQueue:
    return EventQueue(tmp_path / "log.sqlite3")


def write(path: Path, count: int) -> None:
    queue = EventQueue(path)
    for _ in range(count):
        queue.append([draft()])


def test_processes_that_log_at_once_share_one_device_and_leave_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite3"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write, args=(path, 25)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    queue = EventQueue(path)
    events = [event for event, _ in queue.events()]

    assert [event.sequence_number for event in events] == list(range(1, 101))
    assert len({event.device_id for event in events}) == 1
    assert queue.faults() == []


def test_several_events_are_logged_together_or_not_at_all(queue: EventQueue) -> None:
    class Broken(Exception):
        pass

    def drafts() -> object:
        yield draft()
        raise Broken

    with pytest.raises(Broken):
        queue.append(drafts())  # type: ignore[arg-type]

    assert queue.standing.pending == 0
    assert queue.append([draft()])[0].sequence_number == 1


def test_the_file_is_durable_and_private(queue: EventQueue, tmp_path: Path) -> None:
    assert queue.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert queue.connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert stat.S_IMODE((tmp_path / "log.sqlite3").stat().st_mode) == 0o600


def test_what_was_sent_and_not_answered_is_sent_again_as_the_same_bytes(queue: EventQueue, tmp_path: Path) -> None:
    queue.append([draft(), edit()])
    sent = [event.as_sent() for event in queue.take().events]

    again = EventQueue(tmp_path / "log.sqlite3").take()

    assert [event.as_sent() for event in again.events] == sent
    assert [event.status for event, _ in queue.events()] == [Status.SYNCING, Status.SYNCING]


def test_verdicts_keep_acknowledged_events_and_show_refused_ones(queue: EventQueue) -> None:
    queue.append([draft(), draft(), draft()])
    batch = queue.take()

    queue.settle(batch, Judged((1, 3), (Failure(2, "invalid_payload: no"),), Go()))

    standing = queue.standing
    assert (standing.pending, standing.synced, standing.failed, standing.oldest) == (0, 2, 1, None)
    assert [event.reason for event in queue.failed()] == ["invalid_payload: no"]
    assert [event.sequence_number for event, _ in queue.events()] == [1, 3]


def test_a_corrected_form_of_a_refused_event_is_a_new_event(queue: EventQueue) -> None:
    queue.append([draft()])
    queue.settle(queue.take(), Judged((), (Failure(1, "invalid_payload: no"),), Go()))
    (failed,) = queue.failed()

    new = queue.replace_failed(failed.event_id, draft())

    assert new is not None
    assert (new.sequence_number, new.status) == (2, Status.PENDING)
    assert queue.failed() == ()


def test_a_refused_event_is_corrected_once(queue: EventQueue) -> None:
    queue.append([draft()])
    queue.settle(queue.take(), Judged((), (Failure(1, "invalid_payload: no"),), Go()))
    (failed,) = queue.failed()
    queue.replace_failed(failed.event_id, draft())

    with pytest.raises(NotRefused):
        queue.replace_failed(failed.event_id, draft())

    assert queue.standing.pending == 1


def test_a_correction_that_is_cut_off_is_not_logged_either(queue: EventQueue) -> None:
    # given a refused event, and a program that ends before the event is marked as replaced
    queue.append([draft()])
    queue.settle(queue.take(), Judged((), (Failure(1, "invalid_payload: no"),), Go()))
    (failed,) = queue.failed()
    queue.connection.execute(
        "CREATE TEMP TRIGGER cut_off BEFORE UPDATE OF replaced_by ON events BEGIN SELECT raise(ABORT, 'cut off'); END"
    )

    # when it is corrected
    with pytest.raises(sqlite3.IntegrityError, match="cut off"):
        queue.replace_failed(failed.event_id, draft())
    queue.connection.execute("DROP TRIGGER cut_off")

    # then it waits for its correction as before, which is logged once
    assert (queue.failed(), queue.standing.pending) == ((failed,), 0)
    queue.replace_failed(failed.event_id, draft())
    assert (queue.failed(), queue.standing.pending) == ((), 1)


def test_only_edits_say_what_was_seen(queue: EventQueue) -> None:
    other = uuid4()
    pulled = PulledLog(queue.connection)
    event = PulledEvent(
        uuid4(), "WorkoutDiscarded", 1, {"workout_id": str(uuid4())}, other, 7, "2026-11-21T10:00:00.000Z"
    )
    assert pulled.store([event], "cursor", None, more=False)

    created, edited = queue.append([draft(), edit()])

    assert created.seen == {}
    assert edited.seen == {other: 7}


def test_a_released_event_speaks_for_those_before_it_only_when_all_are_pulled(queue: EventQueue) -> None:
    # given an event of another device that was released, in a page before the one with what that device said earlier
    pulled, phone, server = PulledLog(queue.connection), uuid4(), uuid4()
    released = PulledEvent(
        uuid4(),
        "WorkoutDiscarded",
        1,
        {"workout_id": str(uuid4())},
        server,
        1,
        "2026-11-21T10:00:00.000Z",
        origin=Origin(phone, 9),
    )
    pulled.store([released], "first", None, more=True)

    # when something is edited between the pages, and once the last one is there
    (between,) = queue.append([edit()])
    pulled.store([], "last", "first", more=False)
    (after,) = queue.append([edit()])

    # then only the second edit has seen what the phone said
    assert between.seen == {server: 1}
    assert after.seen == {server: 1, phone: 9}


def test_a_page_is_stored_once_when_two_processes_pull_it(queue: EventQueue) -> None:
    pulled = PulledLog(queue.connection)
    event = PulledEvent(
        uuid4(), "WorkoutDiscarded", 1, {"workout_id": str(uuid4())}, uuid4(), 1, "2026-11-21T10:00:00.000Z"
    )

    assert pulled.store([event], "after", None, more=False)
    assert not pulled.store([event], "after", None, more=False)
    assert queue.identity.pull_cursor == "after"
    assert pulled.count == 1


def test_batches_are_bounded_in_bytes_and_hold_at_least_one(queue: EventQueue) -> None:
    long = WorkoutStarted(workout_id=uuid4(), started_at=AT, notes="x" * 5_000)
    queue.append([Draft(long, AT) for _ in range(4)])

    assert len(queue.take(most_bytes=12_000).events) == 2
    assert len(queue.take(most_bytes=10).events) == 1
    assert len(queue.take(limit=3).events) == 3


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(total=st.integers(1, 20), settled=st.integers(0, 20), conflict=st.integers(1, 20))
def test_a_fork_moves_just_what_is_unsettled(total: int, settled: int, conflict: int) -> None:
    queue = EventQueue(sqlite3.connect(":memory:", isolation_level=None))
    old, new = queue.identity.device_id, uuid4()
    before = queue.append([draft() for _ in range(total)])
    done = min(settled, total)
    queue.settle(queue.take(), Judged(tuple(range(1, done + 1)), (), Go()))

    queue.fork(old, new, Fork(conflict))

    events = [event for event, _ in queue.events()]
    assert [event.payload for event in events] == [event.payload for event in before]
    assert [event.occurred_at for event in events] == [event.occurred_at for event in before]
    assert [(event.device_id, event.sequence_number) for event in events[done:]] == [
        (new, number) for number in range(1, total - done + 1)
    ]
    assert [event.event_id for event in events[:done]] == [event.event_id for event in before[:done]]
    assert not {event.event_id for event in events[done:]} & {event.event_id for event in before}
    shared = {old: conflict - 1} if conflict > 1 else {}
    assert all(event.seen == shared for event in events[done:])
    assert queue.append([draft()])[0].sequence_number == total - done + 1


def test_a_fork_that_has_happened_does_not_happen_again(queue: EventQueue) -> None:
    old, new = queue.identity.device_id, uuid4()
    queue.append([draft()])
    queue.fork(old, new, Fork(1))

    queue.fork(old, uuid4(), Fork(1))

    assert queue.identity.device_id == new


def test_an_edit_after_a_fork_has_seen_what_the_device_was_before(queue: EventQueue) -> None:
    old = queue.identity.device_id
    queue.append([draft(), draft()])
    queue.settle(queue.take(), Judged((1, 2), (), Go()))
    queue.fork(old, uuid4(), Fork(3))

    (edited,) = queue.append([Draft(WorkoutDiscarded(workout_id=uuid4()), AT)])

    assert edited.seen == {old: 2}


def test_what_undid_an_event_goes_on_undoing_it_under_the_names_of_a_fork(queue: EventQueue) -> None:
    # given two events and one that undid each: of one pair everything was lost by the server, the other is unsent
    old = queue.identity.device_id
    (lost_one,) = queue.append([draft()])
    (its_undo,) = queue.append([Draft(WorkoutDiscarded(workout_id=uuid4()), AT, mark(lost_one.event_id))])
    queue.settle(queue.take(), Judged((1, 2), (), Go()))
    (unsent,) = queue.append([draft()])
    queue.append([Draft(WorkoutDiscarded(workout_id=uuid4()), AT, mark(unsent.event_id))])

    # when the log goes on as another device
    queue.fork(old, uuid4(), Fork(3), [lost(lost_one), lost(its_undo)])

    # then each pair is one still
    one, undoing_one, other, undoing_other = queue.said_here()[2:]
    assert undoing_one.correlation_id == mark(one.event_id)
    assert undoing_other.correlation_id == mark(other.event_id)


def test_a_copy_of_what_another_phone_said_is_nothing_that_was_done_here(queue: EventQueue) -> None:
    (own,) = queue.append([draft()])
    queue.settle(queue.take(), Judged((1,), (), Go()))
    said = {"workout_id": str(uuid4()), "started_at": "2026-11-21T10:00:00.000Z"}
    other = PulledEvent(uuid4(), "WorkoutStarted", 1, said, uuid4(), 1, "2026-11-21T10:00:00.000Z")

    queue.fork(own.device_id, uuid4(), Fork(2), [lost(other)])

    assert len(list(queue.events())) == 2
    assert queue.said_here() == [event for event, _ in queue.events() if event.event_id == own.event_id]


def test_a_refused_event_that_was_released_since_waits_for_nobody(queue: EventQueue) -> None:
    # given an event that was refused
    (refused,) = queue.append([draft()])
    queue.settle(queue.take(), Judged((), (Failure(1, "unknown_event_type"),), Go()))
    assert queue.standing.failed == 1

    # when the server releases it
    released = PulledEvent(
        uuid4(),
        refused.event_type,
        1,
        json.loads(refused.payload),
        uuid4(),
        1,
        refused.occurred_at,
        origin=Origin(refused.device_id, 1),
    )
    PulledLog(queue.connection).store([released], "cursor", None, more=False)

    # then there is nothing to correct or to give up
    assert queue.failed() == ()
    assert queue.standing.failed == 0
    with pytest.raises(NotRefused):
        queue.replace_failed(refused.event_id, None)


def test_a_log_of_the_first_version_goes_on_as_todays(tmp_path: Path) -> None:
    # given a log as the first version made it, with a pull half done
    old = sqlite3.connect(tmp_path / "old.sqlite3", isolation_level=None)
    for statement in filter(str.strip, MIGRATIONS[0].split(";")):
        old.execute(statement)
    device = uuid4()
    old.execute("INSERT INTO identity (one, device_id, pull_cursor) VALUES (1, ?, 'first')", [str(device)])
    old.execute("PRAGMA user_version = 1")
    old.close()

    # when it is opened, and the pull comes to its end
    queue = EventQueue(tmp_path / "old.sqlite3")
    pulled = PulledLog(queue.connection)

    # then it is the same log
    assert queue.identity.device_id == device
    assert pulled.store([], "last", "first", more=False)


def test_a_log_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    queue = EventQueue(tmp_path / "log.sqlite3")
    queue.connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")

    with pytest.raises(NewerLog):
        EventQueue(tmp_path / "log.sqlite3")


def test_the_whole_log_follows_its_user(queue: EventQueue) -> None:
    queue.append([draft()])
    user = UUID(int=5)

    queue.belong_to(user)

    assert queue.identity.user_id == user
    assert queue.connection.execute("SELECT user_id FROM events").fetchone()[0] == str(user)
