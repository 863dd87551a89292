"""Commands as tests call them."""

import json
from collections.abc import Callable
from typing import Any

Run = Callable[..., str]


def answer(output: str) -> Any:
    return json.loads(output)


def squat(run: Run, day: str, done: str = "5x100") -> None:
    run("set", "squat", done, "--at", f"{day} 18:00")
    run("end", "--at", f"{day} 19:00")
