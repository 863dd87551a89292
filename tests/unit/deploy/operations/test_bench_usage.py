"""What the processes of a stack use is read while some of them come and go."""

import os
import subprocess
import sys

import psutil
import pytest

from deploy.local.operations.bench import usage


def test_a_child_that_ends_while_it_is_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    ended, this = psutil.Process(child.pid), psutil.Process()
    child.communicate(b"\n")

    monkeypatch.setattr(usage, "family", lambda _: [ended, this])

    assert usage.resident(os.getpid()) > 1
