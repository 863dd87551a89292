"""Commands as tests run them: in this process, and what they raise reaches the test."""

import json
from collections.abc import Callable
from typing import Any

from typer.testing import CliRunner

from client.cli.__main__ import create_app

Run = Callable[..., str]


def invoke(*arguments: str, code: int = 0) -> str:
    """Runs a command, which has to end with the code, and gives its output."""
    done = CliRunner().invoke(create_app(), arguments, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def answer(output: str) -> Any:
    return json.loads(output)
