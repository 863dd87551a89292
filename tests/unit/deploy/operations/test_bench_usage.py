"""What the processes of a stack use is read while some of them come and go."""

import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import psutil
import pytest

from deploy.local.operations.bench import usage
from deploy.local.stack import Stack


def test_a_child_that_ends_while_it_is_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    ended, this = psutil.Process(child.pid), psutil.Process()
    child.communicate(b"\n")

    monkeypatch.setattr(usage, "family", lambda _: [ended, this])

    assert usage.resident(os.getpid()) > 1


async def test_a_stack_that_uses_next_to_nothing_is_at_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "processor_seconds", lambda _: {"coach-worker": 3.0})

    await usage.at_rest(Stack(tmp_path), seconds=30)


async def test_nobody_waits_for_ever_for_a_stack_that_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count()

    def busier(_: Stack) -> Mapping[str, float]:
        return {"coach-worker": next(seconds)}

    monkeypatch.setattr(usage, "processor_seconds", busier)

    with pytest.raises(TimeoutError):
        await usage.at_rest(Stack(tmp_path), seconds=0.01)
