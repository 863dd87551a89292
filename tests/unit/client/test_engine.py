"""The engine against every word that a server can say."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from client.answers import Hint
from client.engine import Halted, Paused, Synced
from client.events import Status
from client.protocol import Protocol
from shared.domains.workouts.events import WorkoutUpdated
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.values import format_moment
from shared.views.whole import content_digest_of
from tests.unit.client.fake_server import FakeServer
from tests.unit.client.phones import START, Phone


def second_phone(server: FakeServer, phone: Phone, folder: Path) -> Phone:
    """Another phone of the same user."""
    other = Phone(folder, server.transport)
    device = server.store.devices[str(phone.device_id)]
    secret = other.session.secret(other.device_id)
    server.store.devices[str(other.device_id)] = type(device)(device.user_id, secret)
    return other


def server_content(server: FakeServer) -> object:
    events = [
        AcceptedEvent.model_validate_json(
            json.dumps(
                {
                    **event,
                    "user_id": server.store.devices[event["device_id"]].user_id,
                    "previous_sequence": 0,
                    "received_at": event["occurred_at"],
                    "server_epoch": server.store.epoch,
                }
            )
        ).recorded()
        for event in server.accepted()
    ]
    return content_digest_of(fold(events))


async def test_the_first_sync_makes_an_anonymous_device_and_sends_everything(phone: Phone, server: FakeServer) -> None:
    workout = phone.start()
    phone.set(workout)

    outcome = await phone.sync()

    assert isinstance(outcome, Synced)
    assert outcome.moved.pushed == 2
    assert [event["event_type"] for event in server.accepted()] == ["WorkoutStarted", "SetCompleted"]
    assert phone.queue.standing.pending == 0
    assert server_content(server) == phone.content


async def test_batches_follow_each_other(server: FakeServer, tmp_path: Path) -> None:
    phone = Phone(tmp_path, server.transport, batch=3)
    workout = phone.start()
    for reps in range(1, 11):
        phone.set(workout, reps)

    await phone.sync()

    assert len(server.accepted()) == 11


async def test_an_expired_token_is_refreshed_and_a_lost_family_found_again_by_the_secret(
    phone: Phone, server: FakeServer
) -> None:
    phone.start()
    await phone.sync()
    server.expire_tokens()
    phone.start()
    assert isinstance(await phone.sync(), Synced)

    server.expire_tokens()
    server.forget_refresh_tokens()
    phone.start()
    assert isinstance(await phone.sync(), Synced)

    assert len(server.accepted(phone.device_id)) == 3
    assert len(server.store.devices) == 1


async def test_a_lost_answer_costs_nothing(server: FakeServer, tmp_path: Path) -> None:
    lose = {"/api/v1/sync"}

    async def lossy(request: httpx2.Request) -> httpx2.Response:
        answer = await server.handle(request)
        if request.url.path in lose:
            lose.remove(request.url.path)
            raise httpx2.ReadError("the tunnel", request=request)
        return answer

    phone = Phone(tmp_path, httpx2.MockTransport(lossy))
    phone.start()

    outcome = await phone.sync()

    assert isinstance(outcome, Synced)
    assert len(server.accepted()) == 1


async def test_no_signal_keeps_everything(tmp_path: Path) -> None:
    async def nobody(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no signal", request=request)

    phone = Phone(tmp_path, httpx2.MockTransport(nobody))
    phone.start()

    outcome = await phone.sync()

    assert isinstance(outcome, Paused)
    assert phone.queue.standing.pending == 1


async def test_a_final_refusal_is_kept_with_its_reason_and_blocks_nothing(phone: Phone, server: FakeServer) -> None:
    server.unknown_types.add("SetCompleted")
    workout = phone.start()
    phone.set(workout)
    phone.start()

    outcome = await phone.sync()

    assert outcome.moved.failed == 1
    (failed,) = phone.queue.failed()
    assert failed.status is Status.FAILED
    assert failed.reason is not None
    assert failed.reason.startswith("unknown_event_type")
    assert len(server.accepted()) == 2
    assert server_content(server) == phone.content


async def test_what_the_server_lost_without_a_word_is_sent_again(phone: Phone, server: FakeServer) -> None:
    for _ in range(5):
        phone.start()
    await phone.sync()
    device = server.store.devices[str(phone.device_id)]
    device.acked = 2
    for number in (3, 4, 5):
        del device.verdicts[number]

    phone.start()
    await phone.sync()

    assert len(server.accepted()) == 6


async def test_a_pruned_log_declares_its_gap(phone: Phone, server: FakeServer) -> None:
    for _ in range(5):
        phone.start()
    phone.queue.connection.execute("DELETE FROM events WHERE sequence_number <= 3")

    assert isinstance(await phone.sync(), Synced)

    assert [event["sequence_number"] for event in server.accepted()] == [4, 5]


async def test_an_event_that_is_too_large_alone_does_not_hold_up_the_others(phone: Phone, server: FakeServer) -> None:
    server.largest = 3_000
    workout = phone.start()
    phone.log(WorkoutUpdated(workout_id=workout, notes="x" * 5000))
    phone.set(workout)

    assert isinstance(await phone.sync(), Synced)

    assert [event["sequence_number"] for event in server.accepted()] == [1, 3]
    assert len(phone.queue.failed()) == 1


@pytest.mark.parametrize("token", ["fresh", "stale"])
async def test_a_gateway_that_finds_everything_too_large_takes_nothing_from_the_log(
    phone: Phone, server: FakeServer, token: str
) -> None:
    # given a phone that has synced, and a gateway in front of its server that takes no body any more
    workout = phone.start()
    await phone.sync()
    for _ in range(3):
        phone.set(workout)
    if token == "stale":
        server.expire_tokens()
    server.largest = -1

    # when it syncs, then everything waits for a better day
    assert isinstance(await phone.sync(), Halted)
    assert (phone.queue.standing.pending, phone.queue.failed()) == (3, ())
    assert len(server.requests) < 20
    server.largest = 1_000_000
    assert isinstance(await phone.sync(), Synced)
    assert len(server.accepted()) == 4


async def test_a_server_that_wants_to_be_left_alone_for_long_is(phone: Phone, server: FakeServer) -> None:
    phone.start()
    server.away_for_s = 3_600

    outcome = await phone.sync()

    assert isinstance(outcome, Paused)
    assert "3,600 s" in outcome.reason
    assert len(server.requests) == 1


async def test_who_watches_leaves_a_server_alone_for_as_long_as_it_wants(
    phone: Phone, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.away_for_s = 3_600
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        server.away_for_s = None

    monkeypatch.setattr(phone.engine, "_sleep", sleep)

    outcomes = phone.engine.watch(poll_s=0)
    first, second = await anext(outcomes), await anext(outcomes)
    await outcomes.aclose()  # type: ignore[attr-defined]

    assert isinstance(first, Paused)
    assert isinstance(second, Synced)
    assert slept == [3_600]


async def test_twins_of_one_phone_become_two_devices_and_lose_nothing(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    workout = phone.start()
    first = phone.set(workout)
    await phone.sync()
    phone.queue.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "phone", tmp_path / "twin")
    twin = Phone(tmp_path / "twin", server.transport)
    twin.now = phone.now

    phone.correct(first, 6)
    phone.set(workout, 7)
    twin.set(workout, 8)
    twin.set(workout, 9)
    old_device = phone.device_id
    for _ in range(2):
        assert isinstance(await phone.sync(), Synced)
        assert isinstance(await twin.sync(), Synced)

    assert twin.device_id != old_device
    assert phone.device_id == old_device
    assert len(server.accepted()) == 6
    assert server.accepted(twin.device_id)[0]["seen"] == {str(old_device): 2}
    assert phone.content == twin.content == server_content(server)
    assert sorted(row.reps or 0 for row in twin.projection.sets) == [6, 7, 8, 9]


async def test_a_restored_backup_shows_what_its_later_self_did_before_anything_is_logged_on_it(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    workout = phone.start()
    await phone.sync()
    phone.queue.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "phone", tmp_path / "backup")
    phone.set(workout, 7)
    await phone.sync()
    old = Phone(tmp_path / "backup", server.transport)

    assert isinstance(await old.sync(), Synced)

    assert [row.reps for row in old.projection.sets] == [7]
    assert old.content == phone.content == server_content(server)


async def test_a_backup_from_before_the_first_sync_gets_through_under_another_name(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    workout = phone.start()
    phone.queue.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "phone", tmp_path / "backup")
    await phone.sync()
    old = Phone(tmp_path / "backup", server.transport)
    old.set(workout, 5)

    assert isinstance(await old.sync(), Synced)

    assert old.device_id != phone.device_id
    assert [event["sequence_number"] for event in server.accepted(old.device_id)] == [1, 2]
    assert [row.reps for row in old.projection.sets] == [5]


async def test_a_restored_backup_sends_nothing_twice_under_another_name(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    workout = phone.start()
    await phone.sync()
    phone.set(workout, 5)
    phone.set(workout, 6)
    phone.queue.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "phone", tmp_path / "backup")
    phone.set(workout, 7)
    await phone.sync()
    old = Phone(tmp_path / "backup", server.transport, batch=1)

    await old.sync()
    await old.sync()

    assert len(server.accepted()) == 4
    assert old.content == phone.content == server_content(server)


async def test_what_is_edited_while_a_pull_is_at_work_has_not_seen_what_comes_before_a_released_event(
    server: FakeServer, tmp_path: Path
) -> None:
    # given a feed whose first page has an event of another device that was released, and earlier ones to come
    pages, releasing, other = 0, uuid4(), uuid4()
    released = {
        "event_id": str(uuid4()),
        "event_type": "WorkoutDiscarded",
        "schema_version": 1,
        "payload": {"workout_id": str(uuid4())},
        "device_id": str(releasing),
        "sequence_number": 1,
        "occurred_at": format_moment(START),
        "origin": {"device_id": str(other), "sequence_number": 9},
    }

    async def paging(request: httpx2.Request) -> httpx2.Response:
        nonlocal pages
        if request.url.path != "/api/v1/sync/events" or pages == 2:
            return await server.handle(request)
        pages += 1
        if pages == 1:
            return httpx2.Response(200, json={"events": [released], "next_cursor": "first", "has_more": True})
        phone.correct(set_id, 6)
        return httpx2.Response(200, json={"events": [], "next_cursor": "{}", "has_more": False})

    phone = Phone(tmp_path, httpx2.MockTransport(paging))
    set_id = phone.set(phone.start())

    # when something is edited between the two, and something after them
    await phone.sync()
    phone.correct(set_id, 7)

    # then only the second edit has seen what the other device said
    between, after = (seen for event, seen in phone.queue.events() if event.event_type == "SetCorrected")
    assert between == {releasing: 1}
    assert after == {releasing: 1, other: 9}


@pytest.mark.parametrize(
    ("code", "status"), [("wrong_user", 403), ("user_erased", 410), ("device_revoked", 403), ("login_required", 401)]
)
async def test_what_only_the_user_can_solve_stops_and_keeps_everything(tmp_path: Path, code: str, status: int) -> None:
    async def refusing(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, json={"code": code, "detail": "no", "status": status})

    phone = Phone(tmp_path, httpx2.MockTransport(refusing))
    phone.start()

    outcome = await phone.sync()

    assert isinstance(outcome, Halted)
    assert outcome.code == code
    assert phone.queue.standing.pending == 1


async def test_a_restored_server_gets_back_the_log_that_it_lost(phone: Phone, server: FakeServer) -> None:
    workout = phone.start()
    phone.set(workout)
    await phone.sync()
    backup = server.backup()
    phone.set(workout, 6)
    phone.set(workout, 7)
    await phone.sync()
    server.restore(backup)
    phone.set(workout, 8)

    assert isinstance(await phone.sync(), Synced)

    assert len(server.accepted()) == 5
    assert not phone.queue.identity.recovering
    assert phone.content == server_content(server)


async def test_what_another_lost_phone_had_sent_is_copied_back(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    workout = phone.start()
    await phone.sync()
    other = second_phone(server, phone, tmp_path / "other")
    await other.sync()
    backup = server.backup()
    set_id = other.set(workout, 5)
    other.correct(set_id, 6)
    await other.sync()
    await phone.sync()
    phone.now = other.now
    phone.correct(set_id, 7)
    await phone.sync()
    before = [row.reps for row in phone.projection.sets]
    server.restore(backup)

    assert isinstance(await phone.sync(), Synced)

    assert before == [7]
    assert [row.reps for row in phone.projection.sets] == [7]
    assert phone.content == server_content(server)
    # and when the other phone is found again, it changes nothing
    assert isinstance(await other.sync(), Synced)
    assert isinstance(await phone.sync(), Synced)
    assert isinstance(await other.sync(), Synced)
    assert [row.reps for row in phone.projection.sets] == [7]
    assert phone.content == other.content == server_content(server)


async def test_a_server_that_forgot_the_user_gets_the_whole_log(phone: Phone, server: FakeServer) -> None:
    empty = server.backup()
    workout = phone.start()
    phone.set(workout)
    await phone.sync()
    before = phone.queue.identity.user_id
    server.restore(empty)
    phone.set(workout, 6)

    assert isinstance(await phone.sync(), Synced)

    assert phone.queue.identity.user_id != before
    assert len(server.accepted()) == 3
    assert phone.content == server_content(server)


async def test_a_restored_server_whose_numbers_another_twin_took_gets_them_after_a_fork(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    workout = phone.start()
    await phone.sync()
    phone.queue.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "phone", tmp_path / "twin")
    backup = server.backup()
    phone.set(workout, 5)
    await phone.sync()
    server.restore(backup)
    twin = Phone(tmp_path / "twin", server.transport)
    twin.now = phone.now
    twin.set(workout, 6)
    await twin.sync()

    assert isinstance(await phone.sync(), Synced)
    assert isinstance(await twin.sync(), Synced)

    assert sorted(row.reps or 0 for row in phone.projection.sets) == [5, 6]
    assert phone.content == twin.content == server_content(server)


async def test_watching_sends_what_is_logged_meanwhile(phone: Phone, server: FakeServer) -> None:
    watching = phone.engine.watch()
    assert isinstance(await anext(watching), Synced)
    phone.start()

    outcome = await anext(watching)
    await watching.aclose()  # type: ignore[attr-defined]

    assert outcome.moved.pushed == 1
    assert len(server.accepted()) == 1


async def test_a_fault_of_the_listening_is_no_silence(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_protocol: Protocol, _bearer: str) -> AsyncIterator[Hint]:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(Protocol, "hints", broken)
    watching = phone.engine.watch()
    await anext(watching)

    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(10):
            await anext(watching)


async def test_another_server_gets_the_whole_log(phone: Phone, server: FakeServer, tmp_path: Path) -> None:
    workout = phone.start()
    await phone.sync()
    elsewhere = FakeServer()
    moved = Phone(tmp_path / "phone", elsewhere.transport)
    moved.session.use_server("http://elsewhere.test")
    moved.set(workout)

    assert isinstance(await moved.sync(), Synced)

    assert len(elsewhere.accepted()) == 2
    assert server_content(elsewhere) == moved.content
