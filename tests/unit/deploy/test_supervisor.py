"""The supervisor starts again what ends by itself, and leaves alone what was stopped on purpose."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local import supervisor as supervisor_module
from deploy.local.processes import Process, Program
from deploy.local.stack import start
from deploy.local.supervisor import LONGEST_DELAY, Supervisor, Watched, delay


async def test_what_is_killed_is_started_again(tmp_path: Path) -> None:
    heard: asyncio.Queue[int | None] = asyncio.Queue()
    supervisor = Supervisor(lambda _process, code: heard.put_nowait(code))
    process = Process(Program("one", ["sleep", "60"]), tmp_path)
    process.start()
    supervisor.watch(Watched(process, partial(start, process)))

    await process.kill()

    assert await asyncio.wait_for(heard.get(), 20) == -9
    assert process.running
    assert supervisor.failures("one") == 1
    await supervisor.release()
    await process.stop()


async def test_an_error_amid_a_start_does_not_end_the_watch(tmp_path: Path) -> None:
    # given an engine that is killed again while its start asks it something
    heard: asyncio.Queue[int | None] = asyncio.Queue()
    supervisor = Supervisor(lambda _process, code: heard.put_nowait(code))
    process = Process(Program("one", ["sleep", "60"]), tmp_path)
    faults = [RuntimeError("connection lost")]

    async def start_and_ask() -> None:
        process.start()
        if faults:
            await process.kill()
            raise faults.pop()

    process.start()
    supervisor.watch(Watched(process, start_and_ask))
    # when it is killed
    await process.kill()
    # then it is started until it stays
    for _ in range(2):
        await asyncio.wait_for(heard.get(), 20)
    assert process.running
    assert not faults
    await supervisor.release()
    await process.stop()


async def test_what_is_stopped_stays_down_until_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a supervisor that starts again far sooner than the test looks, but not before `kill` has seen the end
    monkeypatch.setattr(supervisor_module, "FIRST_DELAY", 0.05)
    heard: asyncio.Queue[int | None] = asyncio.Queue()
    supervisor = Supervisor(lambda _process, code: heard.put_nowait(code))
    process = Process(Program("one", ["sleep", "60"]), tmp_path)
    process.start()
    supervisor.watch(Watched(process, partial(start, process)))

    # when a process is stopped, and is started and killed later
    await process.stop()
    await asyncio.sleep(0.5)
    stayed_down = not process.running
    process.start()
    await process.kill()

    # then it is only started again after the kill
    assert stayed_down
    assert await asyncio.wait_for(heard.get(), 20) == -9
    await supervisor.release()
    await process.stop()


@given(st.integers(0, 10_000))
def test_delays_grow_up_to_a_limit(failures: int) -> None:
    assert 0 < delay(failures) <= delay(failures + 1) <= LONGEST_DELAY
