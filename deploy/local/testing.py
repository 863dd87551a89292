"""`hypertrophy test`: the stages that must pass before a change counts, with one table at the end."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.roles import ROOT

SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Stage:
    """Commands that run in the project's root; pytest stages take the caller's further arguments."""

    name: str
    commands: Sequence[Sequence[str]]
    takes_arguments: bool = False


def python(*arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", *arguments)


# Its tests wait for engines and processes as much as they compute. In the order of their files, since what a folder's
# tests share is started again wherever another folder's come between.
SYSTEM = python("pytest", "tests/system", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder", "-q")
STAGES = (
    Stage("lint", [python("ruff", "check", "."), python("ruff", "format", "--check", ".")]),
    Stage("types", [python("mypy")]),
    Stage("laws", [[str(SCRIPTS / "lint-imports")]]),
    Stage("unit", [python("pytest", "tests/unit", "-n", "2", "-q")], takes_arguments=True),
    Stage("system", [SYSTEM], takes_arguments=True),
)


@dataclass(frozen=True)
class Outcome:
    stage: Stage
    seconds: float
    passed: bool


def check(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STAGE] [-- PYTEST ARGUMENTS]", help=f"One of {', '.join(s.name for s in STAGES)}."),
    ] = None,
) -> None:
    """Check everything, or one stage: lint, types, import laws, unit tests, system tests on the real engines."""
    stages, further = chosen(arguments or [])
    console = Console(highlight=False)
    outcomes = [run(stage, further, console) for stage in stages]
    console.print(table(outcomes))
    passed = sum(outcome.passed for outcome in outcomes)
    console.print(f"stages: {passed} passed, {len(outcomes) - passed} failed")
    raise typer.Exit(0 if passed == len(outcomes) else 1)


def chosen(arguments: Sequence[str]) -> tuple[Sequence[Stage], Sequence[str]]:
    """The stages to run and what is left for pytest; arguments for pytest choose its stages alone."""
    by_name = {stage.name: stage for stage in STAGES}
    first = arguments[0] if arguments else None
    if first in by_name:
        return [by_name[first]], arguments[1:]
    if first is None or first.startswith("-"):
        return [stage for stage in STAGES if stage.takes_arguments or first is None], arguments
    raise typer.BadParameter(f"{first!r} is no stage; there are {', '.join(by_name)}")


def run(stage: Stage, further: Sequence[str], console: Console) -> Outcome:
    console.rule(stage.name)
    started = time.monotonic()
    extra = list(further) if stage.takes_arguments else []
    results = [succeeds([*command, *extra]) for command in stage.commands]
    return Outcome(stage, time.monotonic() - started, all(results))


def succeeds(command: Sequence[str]) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0  # noqa: S603  our own


def table(outcomes: Sequence[Outcome]) -> Table:
    made = Table("stage", "time", "result")
    for outcome in outcomes:
        result = "[green]passed[/]" if outcome.passed else "[bold red]failed[/]"
        made.add_row(outcome.stage.name, f"{outcome.seconds:.1f} s", result)
    return made
