"""Child processes: they are stopped, killed and found again, and end with their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import (
    SETPRIV,
    Process,
    Program,
    StartError,
    end_leftovers,
    lives,
    until,
)
from deploy.local.roles import ROOT

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"


def shell(script: str, data: Path, name: str = "one") -> Process:
    return Process(Program(name, ["sh", "-c", script]), data)


def eventually(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("not within 20 s")


async def test_a_stopped_process_is_gone_and_leaves_no_trace(tmp_path: Path) -> None:
    process = shell("echo up; exec sleep 60", tmp_path)
    process.start()
    pid = process.pid
    assert pid is not None

    await process.stop()

    assert not psutil.pid_exists(pid)
    assert not list((tmp_path / "run").iterdir())
    assert not process.meant_to_run


async def test_what_does_not_listen_is_killed_with_its_children(tmp_path: Path) -> None:
    process = shell(STUBBORN, tmp_path)
    process.start()
    eventually(lambda: "ready" in process.tail())
    assert process.pid is not None
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]

    await process.stop(grace=0.2)

    assert process.exit_code == -signal.SIGKILL
    assert not [one for one in family if lives(one)]


@pytest.mark.parametrize("attempt", range(5))
async def test_a_kill_ends_the_children_too_that_are_made_meanwhile(tmp_path: Path, attempt: int) -> None:
    process = shell("for _ in $(seq 2000); do sleep 60 & echo made; done; wait", tmp_path, f"attempt-{attempt}")
    process.start()
    eventually(lambda: "made" in process.tail())
    session = process.pid

    await process.kill()

    assert not [one for one in psutil.process_iter() if lives(one) and _session_of(one.pid) == session]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


async def test_a_kill_leaves_the_wish_that_it_runs(tmp_path: Path) -> None:
    process = shell("exec sleep 60", tmp_path)
    process.start()

    await process.kill()

    assert process.meant_to_run
    assert not process.running


async def test_a_paused_process_goes_on_where_it_was(tmp_path: Path) -> None:
    process = shell("while :; do echo $((n = n + 1)); sleep 0.01; done", tmp_path)
    process.start()
    eventually(lambda: "3" in process.tail())
    assert process.pid is not None

    process.pause()
    eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    length = process.log.stat().st_size
    process.resume()
    eventually(lambda: process.log.stat().st_size > length)

    await process.stop()
    # Beside its numbers, a shell may say that its sleep was ended before itself.
    counted = [line for line in process.log.read_text().splitlines() if line.isdigit()]
    assert counted == [str(number) for number in range(1, len(counted) + 1)]


def test_leftovers_of_a_killed_run_are_ended(tmp_path: Path) -> None:
    process = shell("exec sleep 60", tmp_path)
    process.start()
    assert process.pid is not None

    end_leftovers(tmp_path)

    assert not psutil.pid_exists(process.pid)
    assert not list((tmp_path / "run").iterdir())


def test_a_stranger_that_got_the_old_number_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "kafka.json").write_text(f'{{"pid": {stranger.pid}, "started": 1.0}}')

    end_leftovers(tmp_path)

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


@pytest.mark.skipif(SETPRIV is None, reason="needs setpriv, by which the kernel tells children of their parent's death")
def test_children_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from deploy.local.processes import Process, Program\n"
        f"child = Process(Program('child', ['sleep', '60']), Path({str(tmp_path)!r})); child.start()\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    while child.name() != "sleep":  # until then the kernel was not asked to watch the parent
        time.sleep(0.01)

    parent.kill()
    parent.wait()

    psutil.wait_procs([child], timeout=10)
    assert not lives(child)


async def test_waiting_for_what_ended_tells_its_last_words(tmp_path: Path) -> None:
    process = shell("echo no such file; exit 3", tmp_path)
    process.start()

    async def never() -> bool:
        return False

    with pytest.raises(StartError, match=r"code 3(.|\n)*no such file"):
        await until(never, process, seconds=20)


async def test_what_can_wait_leaves_the_processors_to_others_once_it_has_started(tmp_path: Path) -> None:
    process = Process(Program("patient", ["sleep", "60"], niceness=19), tmp_path)
    process.start()
    assert process.pid is not None
    at_first = os.getpriority(os.PRIO_PROCESS, process.pid)
    process.stand_back()

    assert at_first == os.nice(0)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
    await process.stop()


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel does not group by session")
async def test_what_can_wait_does_so_for_processes_of_other_sessions_too(tmp_path: Path) -> None:
    process = Process(Program("patient", ["sleep", "60"], niceness=7), tmp_path)
    process.start()
    process.stand_back()
    with open(f"/proc/{process.pid}/autogroup") as group:  # noqa: ASYNC230  procfs does not block
        niceness = group.read().split()[-1]
    await process.stop()

    assert niceness == "7"


def test_started_processes_keep_their_output(tmp_path: Path) -> None:
    process = shell("echo out; echo err >&2", tmp_path)
    process.start()
    eventually(lambda: not process.running)

    assert process.log.read_text() == "out\nerr\n"
