"""Every command, as data: where its function lives, loaded only when it is called, so that none costs the others time.

A target is `module:name`, of a function with Typer annotations or of a `typer.Typer` with commands of its own.
"""

from dataclasses import dataclass
from typing import Final

TRAINING: Final = "Training"
RUNNING: Final = "Running it"
BUILDING: Final = "Building it"


@dataclass(frozen=True)
class Command:
    """`summary` is the line in the list of commands; `panel` the heading under which it stands."""

    name: str
    target: str
    summary: str
    panel: str


COMMANDS: Final = (
    Command("up", "deploy.local.commands:up", "Run the whole product on this machine.", RUNNING),
    Command("demo", "deploy.local.demo:demo", "Play twelve weeks of two phones and show what comes out.", RUNNING),
    Command("test", "deploy.local.testing:check", "Check everything, or one stage.", BUILDING),
)
