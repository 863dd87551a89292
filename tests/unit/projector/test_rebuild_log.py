"""A rebuild says everything as log lines: it writes into the log of the process that starts it."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

ENVIRONMENT = {**os.environ, "DATABASE_URL_PROJECTOR": "postgresql://nowhere", "SERVICE_TOKEN": "token"}
STARTED = """
from services.projector.rebuild import __main__ as room
from services.projector.rebuild.run import Rebuilt

async def rebuild_view(settings, name):
    return 2

async def rebuild(settings, processes):
    return Rebuilt("g2", 40, {})

room.rebuild_view, room.rebuild = rebuild_view, rebuild
room.main(room.Settings())
"""


def said(*words: str) -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, *words], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("words", "event"),
    [
        (["-c", STARTED], "rebuilt"),
        (["-c", STARTED, "--view", "sets"], "view_rebuilt"),
        (["-m", "services.projector.rebuild", "--view", "none"], "rebuild_failed"),
    ],
    ids=["rebuild", "view", "fault"],
)
def test_every_line_is_json(words: list[str], event: str) -> None:
    assert [line["event"] for line in said(*words)] == [event]
