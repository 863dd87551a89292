"""A phone and its twin after the server was put back: what each of them still has comes back, once and in full."""

import shutil
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from client.engine import Synced
from client.events import PulledEvent
from client.projections import recorded
from client.queue import EventQueue
from client.recovery import Recovery
from shared.values import format_moment
from tests.unit.client.fake_server import Device, FakeServer, Store
from tests.unit.client.phones import Phone


def twin_of(phone: Phone, server: FakeServer, folder: Path) -> Phone:
    """A second phone from a backup of the first."""
    phone.queue.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(phone.home.folder, folder)
    twin = Phone(folder, server.transport)
    twin.now = phone.now
    return twin


def knowing(backup: Store, twin: Phone, phone: Phone) -> Store:
    """The backup of a server that had met the twin under its own name already."""
    user_id = backup.devices[str(phone.device_id)].user_id
    backup.devices[str(twin.device_id)] = Device(user_id, twin.session.secret(twin.device_id))
    return backup


def places(phone: Phone) -> set[tuple[UUID, int]]:
    """What counts on the phone."""
    return {(event.device_id, event.sequence_number) for event in recorded(phone.queue, phone.engine.pulled)}


def places_on(server: FakeServer) -> set[tuple[UUID, int]]:
    return {(UUID(event["device_id"]), event["sequence_number"]) for event in server.accepted()}


def power_cut(*_: object) -> None:
    raise KeyboardInterrupt


async def synced(*phones: Phone) -> None:
    for phone in phones:
        assert isinstance(await phone.sync(), Synced)


async def forgetting(
    phone: Phone, server: FakeServer, folder: Path, refused: frozenset[str] = frozenset()
) -> tuple[UUID, Phone]:
    """The restored server has lost a set from before the phone got a twin; both went on since, each under its name."""
    workout = phone.start()
    await synced(phone)
    backup = server.backup()
    server.unknown_types |= refused
    set_id = phone.set(workout, 5)
    await synced(phone)
    twin = twin_of(phone, server, folder)
    phone.start()
    twin.start()
    await synced(phone, twin)
    server.unknown_types -= refused
    server.restore(knowing(backup, twin, phone))
    return set_id, twin


async def test_an_event_counts_again_when_a_twin_brings_it_back_after_it_was_copied(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    _, twin = await forgetting(phone, server, tmp_path / "twin")
    await synced(twin)

    await synced(phone, twin, phone)

    assert places(twin) == places(phone) == places_on(server)


async def test_a_refused_event_counts_once_a_twin_got_it_accepted(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    _, twin = await forgetting(phone, server, tmp_path / "twin", refused=frozenset({"SetCompleted"}))
    assert len(twin.queue.failed()) == 1
    await synced(phone)

    await synced(twin, phone)

    assert not twin.queue.failed()
    assert places(twin) == places(phone) == places_on(server)


async def test_what_was_refused_before_a_fork_reaches_a_restored_server_too(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    _, twin = await forgetting(phone, server, tmp_path / "twin", refused=frozenset({"SetCompleted"}))

    await synced(twin)

    assert [row.reps for row in twin.projection.sets] == [5]
    assert not twin.queue.failed()
    assert places(twin) == places_on(server)


async def test_a_twin_that_a_restored_server_knows_first_costs_the_other_only_its_name(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    nothing = server.backup()
    workout = phone.start()
    twin = twin_of(phone, server, tmp_path / "twin")
    phone.set(workout, 5)
    await synced(phone)
    server.restore(nothing)
    twin.set(workout, 6)
    await synced(twin)

    await synced(phone)

    assert phone.device_id != twin.device_id
    assert [row.reps for row in phone.projection.sets] == [5]
    own = server.store.devices[str(phone.device_id)].user_id
    sent = [event for event in server.accepted() if server.store.devices[event["device_id"]].user_id == own]
    assert [event["event_type"] for event in sent] == ["WorkoutStarted", "SetCompleted"]


async def test_what_two_twins_had_restamped_comes_back_once(phone: Phone, server: FakeServer, tmp_path: Path) -> None:
    workout = phone.start()
    await synced(phone)
    backup = server.backup()
    twin = twin_of(phone, server, tmp_path / "twin")
    twin.set(workout, 5)
    second = twin_of(twin, server, tmp_path / "second")
    phone.set(workout, 6)
    await synced(phone, twin, second, phone)
    assert len({phone.device_id, twin.device_id, second.device_id}) == 3
    server.restore(backup)

    await synced(phone)

    assert sorted(event["payload"].get("reps", 0) for event in server.accepted()) == [0, 5, 6]


async def test_a_change_of_name_that_was_cut_short_is_made_again(
    phone: Phone, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = twin_of(phone, server, tmp_path / "twin")
    workout = twin.start()
    twin.set(workout, 5)
    phone.start()
    await synced(phone)

    with monkeypatch.context() as power:
        power.setattr(EventQueue, "fork", power_cut)
        with pytest.raises(KeyboardInterrupt):
            await twin.sync()

    await synced(twin)

    assert twin.device_id != phone.device_id
    assert len(server.accepted(twin.device_id)) == 2


async def test_copies_that_were_cut_short_are_made_once(
    phone: Phone, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workout = phone.start()
    await synced(phone)
    backup = server.backup()
    twin = twin_of(phone, server, tmp_path / "twin")
    phone.set(workout, 6)
    twin.set(workout, 5)
    await synced(phone, twin, phone)
    server.restore(backup)

    with monkeypatch.context() as power:
        power.setattr(Recovery, "finish", power_cut)
        with pytest.raises(KeyboardInterrupt):
            await phone.sync()

    await synced(phone)

    assert sorted(event["payload"].get("reps", 0) for event in server.accepted()) == [0, 5, 6]


async def test_a_refused_number_that_a_twin_has_taken_since_is_refused_again(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    workout = phone.start()
    await synced(phone)
    backup = server.backup()
    twin = twin_of(phone, server, tmp_path / "twin")
    server.unknown_types.add("SetCompleted")
    phone.set(workout, 5)
    await synced(phone)
    server.restore(backup)
    twin.start()
    await synced(twin)

    await synced(phone)

    assert [event.reason for event in phone.queue.failed()]
    assert server.store.devices[str(phone.device_id)].refused


async def test_an_edit_has_not_seen_what_a_restored_server_had_lost(
    phone: Phone, server: FakeServer, tmp_path: Path
) -> None:
    set_id, twin = await forgetting(phone, server, tmp_path / "twin")
    await synced(twin)

    twin.correct(set_id, 8)
    await synced(twin, phone, twin)

    assert places(twin) == places(phone) == places_on(server)
    assert twin.content == phone.content


async def test_a_copy_has_seen_what_the_server_says_it_has(phone: Phone, server: FakeServer) -> None:
    set_id = phone.set(phone.start(), 5)
    await synced(phone)
    backup = server.backup()
    said, at = {"set_id": str(set_id), "reps": 7}, format_moment(phone.now)
    unmet = PulledEvent(uuid4(), "SetCorrected", 1, said, uuid4(), 1, at, seen={uuid4(): 3})
    after = phone.queue.identity.pull_cursor
    assert after
    phone.engine.pulled.store([unmet], after, after, more=False)
    server.restore(backup)

    await synced(phone)

    assert [seen for event, seen in phone.queue.events() if event.event_type == "SetCorrected"] == [{}]
    assert not phone.queue.identity.recovering
