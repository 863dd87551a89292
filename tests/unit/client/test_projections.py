"""What a log comes to is the fold of its events, whichever way is the faster one."""

from pathlib import Path

from shared.fold import fold
from tests.unit.client.fake_server import FakeServer
from tests.unit.client.phones import Phone
from tests.unit.client.test_recovery import synced, twin_of


async def test_the_projection_is_the_fold_of_own_events_and_of_those_of_others(tmp_path: Path) -> None:
    server = FakeServer()
    phone = Phone(tmp_path / "phone", server.transport)
    workout = phone.start()
    alone, contested = phone.set(workout, 5), phone.set(workout, 6)
    phone.correct(alone, 7)
    await synced(phone)
    twin = twin_of(phone, server, tmp_path / "twin")
    phone.correct(contested, 8)
    twin.correct(contested, 9)
    await synced(phone, twin, phone)

    own = [event.recorded(seen) for event, seen in phone.queue.events()]
    folded = fold([*own, *(event.recorded() for event in phone.engine.pulled.events())])

    assert phone.projection.state == folded
    assert [len(register.heads) for _, register in phone.projection.state["set", contested].contested()] == [2]
    assert phone.content == twin.content
