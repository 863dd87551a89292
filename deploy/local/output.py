"""How the operator's commands speak."""

import time
from collections.abc import Callable

from rich.console import Console


def steps(console: Console) -> Callable[[str], None]:
    """Prints one line a step, with the seconds since the first."""
    started = time.monotonic()

    def report(step: str) -> None:
        console.print(f"{time.monotonic() - started:6.1f} s  {step}", markup=False, soft_wrap=True)

    return report
