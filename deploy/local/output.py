"""How the operator's commands speak: sentences and steps for people, one JSON value for programs."""

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

import typer
from pydantic_core import to_json
from rich.console import Console


class LastingConsole(Console):
    """For what has to go on when nobody reads it any more: a closed pipe, a terminal that is gone."""

    def print(self, *objects: Any, **style: Any) -> None:
        with contextlib.suppress(OSError):
            super().print(*objects, **style)

    def on_broken_pipe(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def print_json(value: Any) -> None:
    typer.echo(to_json(value, indent=2).decode())


def tell(value: Any, sentence: str, as_json: bool) -> None:
    """The value as JSON, or one sentence of it."""
    if as_json:
        print_json(value)
    else:
        typer.echo(sentence)


def steps(console: Console) -> Callable[[str], None]:
    """Prints one line a step, with the seconds since the first."""
    started = time.monotonic()

    def report(step: str) -> None:
        console.print(f"{time.monotonic() - started:6.1f} s  {step}", markup=False, soft_wrap=True)

    return report
