"""The reference client against the whole product."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from client.engine import Synced
from tests.system.rebuilt import Rebuilt
from tests.system.stack.world import World, running_world
from tests.unit.client.lossy import LossyTransport
from tests.unit.client.phones import Phone

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(prefix="hypertrophy-client-", ignore_cleanup_errors=True) as folder:
        async with running_world(Path(folder)) as running:
            yield running


@pytest.fixture(autouse=True)
async def live_equals_rebuilt(request: pytest.FixtureRequest, rebuilt: Rebuilt) -> AsyncIterator[None]:
    """After every test: what people read is what their whole history gives (law 8)."""
    yield
    if world := request.node.funcargs.get("world"):
        await rebuilt.check_stack(world.stack)


def phone_of(world: World, folder: Path, seed: int) -> tuple[Phone, LossyTransport]:
    network = LossyTransport(httpx2.AsyncHTTPTransport(), seed, share=0, delay_s=0.02)
    phone = Phone(folder, network, batch=5)
    phone.session.use_server(world.stack.url)
    phone.protocol = type(phone.protocol)(world.stack.url, network)
    phone.engine._protocol = phone.engine.credentials._protocol = phone.protocol
    return phone, network


async def status_of(phone: Phone) -> dict[str, Any]:
    answer = await phone.engine.credentials.ask(lambda bearer: phone.protocol.read(bearer, "/projections/status"))
    return dict(answer)


async def test_two_phones_through_a_bad_network_converge_with_the_server(world: World, tmp_path: Path) -> None:
    # given two phones of one user on a network that loses, doubles, delays and cuts what passes
    first, first_network = phone_of(world, tmp_path / "first", 1)
    second, second_network = phone_of(world, tmp_path / "second", 2)
    workout = first.start()
    assert isinstance(await first.sync(), Synced)
    secret = second.session.secret(second.device_id)
    await first.engine.credentials.ask(
        lambda bearer: first.protocol.create_device(second.device_id, secret, bearer=bearer)
    )
    first_network.share = second_network.share = 0.35

    # when both train, correct each other's sets, and sync whenever they can
    sets = []
    for round_ in range(12):
        for phone in (first, second):
            sets += [phone.set(workout, reps=3 + round_, weight=60 + round_) for _ in range(4)]
            known = phone.projection.sets
            phone.correct(known[round_ % len(known)].set_id, reps=20 + round_)
            await phone.sync(attempts=3)
    first_network.share = second_network.share = 0
    for phone in (first, second, first):
        assert isinstance(await phone.sync(), Synced)

    # then nothing is lost or doubled, and all three agree on events and content
    assert {"lost request", "lost answer", "doubled", "cut"} <= first_network.faults | second_network.faults
    assert sorted(row.set_id for row in first.projection.sets) == sorted(sets)
    assert first.content == second.content
    user = await first.engine.credentials.ask(first.protocol.hash)
    assert user.digest.count == 1 + 12 * 2 * 5
    async with asyncio.timeout(20):
        while (status := await status_of(first))["content_digest"] != first.content.hash:
            await asyncio.sleep(0.1)
    assert status["event_digest"] == user.digest.hash


async def test_a_cloned_phone_becomes_two_and_both_histories_stay(world: World, tmp_path: Path) -> None:
    # given a phone and its clone, each with sets of its own
    phone, _ = phone_of(world, tmp_path / "phone", 3)
    workout = phone.start()
    phone.set(workout, 5)
    await phone.sync()
    phone.queue.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "phone", tmp_path / "clone")
    clone, _ = phone_of(world, tmp_path / "clone", 4)
    phone.set(workout, 6)
    clone.set(workout, 7)
    clone.set(workout, 8)

    # when both sync
    for one in (phone, clone, phone, clone):
        assert isinstance(await one.sync(), Synced)

    # then the clone goes on as another device and every set is there
    assert clone.device_id != phone.device_id
    assert phone.content == clone.content
    assert sorted(row.reps or 0 for row in phone.projection.sets) == [5, 6, 7, 8]


async def run(world: World, home: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "client.cli",
        *arguments,
        cwd=ROOT,
        env={**os.environ, "HYPERTROPHY_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


STRONG = "Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE\n" + "".join(
    f"2025-{month:02d}-{day:02d} 18:00:00,Legs,Squat (Barbell),{number},{60 + month * 2.5},{4 + number},0,0,,,8\n"
    for month in range(1, 7)
    for day in (3, 10, 17)
    for number in (1, 2, 3)
)


async def test_an_imported_history_has_the_same_numbers_here_and_there(world: World, tmp_path: Path) -> None:
    # given a history that is moved in from another app
    home = tmp_path / "home"
    (tmp_path / "strong.csv").write_text(STRONG)
    code, output = await run(world, home, "import", str(tmp_path / "strong.csv"), "--unit", "kg", "--json")
    assert (code, json.loads(output)["imported_rows"]) == (0, 54)

    # when it is synced
    code, output = await run(world, home, "sync", "--server", world.stack.url, "--json")
    assert (code, json.loads(output)["pushed"]) == (0, 91)

    # then doctor finds no difference in digests and numbers, and finds one where there is one
    code, output = await run(world, home, "doctor", "--json")
    report = json.loads(output)
    assert (code, report["healthy"]) == (0, True), output
    assert {"events", "content", "workouts", "weekly", "records"} <= {check["name"] for check in report["checks"]}
    await run(world, home, "set", "squat", "5x100")
    code, _ = await run(world, home, "doctor", "--json")
    assert code == 1
