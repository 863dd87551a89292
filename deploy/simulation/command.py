"""`./hypertrophy simulate`: worlds from seeds, or one of them again with its whole story; 1 when one is not sound."""

import os
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.simulation.runs import STEPS, Finding, simulate, simulate_all

LAST_LINES = 25
MOST_SHOWN = 5


def command(
    seeds: Annotated[int, typer.Option(min=1, help="How many worlds.")] = 300,
    first: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="Play just this world again and tell its story.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="How much happens in a world before all faults stop.")] = STEPS,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Simulate phones, servers and every fault between them, from seeds, and check that nothing is lost or doubled."""
    console = Console(highlight=False)
    if seed is not None:
        raise typer.Exit(_replayed(console, seed, steps))
    findings = _found(console, range(first, first + seeds), steps, workers or os.cpu_count() or 1)
    for finding in findings[:MOST_SHOWN]:
        _tell(console, finding, finding.story[-LAST_LINES:], steps)
    console.print(f"{seeds:,} worlds: {seeds - len(findings):,} sound, {len(findings):,} not")
    if findings:
        console.print("seeds: " + ", ".join(str(finding.seed) for finding in findings), style="red")
    raise typer.Exit(1 if findings else 0)


def _found(console: Console, seeds: Sequence[int], steps: int, workers: int) -> list[Finding]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    findings: list[Finding] = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("worlds", total=len(seeds))
        for finding in simulate_all(seeds, steps, workers):
            progress.advance(task)
            if finding:
                findings.append(finding)
                progress.update(task, description=f"worlds, {len(findings)} not sound")
    return findings


def _replayed(console: Console, seed: int, steps: int) -> int:
    played = simulate(seed, steps)
    if played.finding:
        _tell(console, played.finding, played.story, steps)
        return 1
    for line in played.story:
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"seed {seed} is sound", style="green")
    return 0


def _tell(console: Console, finding: Finding, story: Sequence[str], steps: int) -> None:
    console.rule(f"seed {finding.seed}", style="red")
    for line in story:
        console.print(line, markup=False, soft_wrap=True, style="dim")
    console.print(f"at step {finding.step}:", style="red")
    console.print(finding.difference, markup=False, soft_wrap=True, style="red")
    further = f" --steps {steps}" if steps != STEPS else ""
    console.print(f"again: ./hypertrophy simulate --seed {finding.seed}{further}", markup=False, soft_wrap=True)
