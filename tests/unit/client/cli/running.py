"""Commands as tests call them."""

import json
from collections.abc import Callable
from typing import Any

Run = Callable[..., str]


def answer(output: str) -> Any:
    return json.loads(output)
