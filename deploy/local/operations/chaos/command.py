"""`./hypertrophy chaos`: faults at random, from a seed, on a stack of its own; 1 when anything is lost."""

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.operations.chaos.phones import Phone, introduced
from deploy.local.operations.chaos.reckoning import Reckoning, reckon
from deploy.local.operations.chaos.storm import STUCK_SECONDS, Recovery, Storm
from deploy.local.operations.percentiles import percentiles
from deploy.local.operations.running import UNLIMITED, AsJson, operating
from deploy.local.output import print_json, steps
from deploy.local.roles import product_roles
from deploy.local.stack import Stack

PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    seed: int
    seconds: float
    logged: int
    storm: Storm
    reckoning: Reckoning

    @property
    def sound(self) -> bool:
        return self.reckoning.sound and not self.storm.stuck

    @property
    def slowest(self) -> Sequence[Recovery]:
        return sorted(self.storm.recoveries, key=lambda recovery: -recovery.seconds)[:3]

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "faults": dict(sorted(self.storm.faults.items())),
            "logged": self.logged,
            "acked": self.reckoning.acked,
            "lost": len(self.reckoning.lost),
            "duplicated": len(self.reckoning.duplicated),
            "stuck": self.storm.stuck,
            "records_published_again": self.reckoning.repeated_records,
            "recovery_seconds": percentiles([recovery.seconds for recovery in self.storm.recoveries], 2),
            "slowest_recoveries": [str(recovery) for recovery in self.slowest],
            "examples": self.reckoning.examples,
            "first_difference": self.reckoning.findings.first_difference,
            "sound": self.sound,
        }


def chaos(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long the faults go on.")] = 2,
    seed: Annotated[int | None, typer.Option(help="Draws the same faults again; default: a new one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Kill and pause services, Kafka and PostgreSQL at random while phones work, and check that nothing is lost."""
    console = Console(highlight=False, stderr=as_json)
    chosen = random.randrange(1_000_000) if seed is None else seed  # noqa: S311  repeatable, not secret
    outcome = asyncio.run(run(minutes * 60, chosen, console))
    if as_json:
        print_json(outcome.as_json())
    else:
        show(outcome, console)
    raise typer.Exit(0 if outcome.sound else 1)


async def run(seconds: float, seed: int, console: Console) -> Outcome:
    """One run on a stack of its own, of which nothing is left."""
    started, say = time.monotonic(), steps(console)
    with tempfile.TemporaryDirectory(prefix="hypertrophy-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with Stack(folder / "server", settings=UNLIMITED, roles=product_roles(2, 2)) as stack:
            say(f"the stack is ready; seed {seed}")
            phones = await introduced(folder, stack.url, seed)
            storm = Storm(stack, random.Random(seed))  # noqa: S311  repeatable, not secret
            await rage(storm, phones, seconds)
            say(f"{storm.faults.total()} faults are over; the phones bring the rest")
            await asyncio.gather(*(phone.finish() for phone in phones))
            say("comparing what was acknowledged with every place where it must be")
            reckoning = await reckoned(stack, phones)
            logged = sum(phone.logged for phone in phones)
            await asyncio.gather(*(phone.close() for phone in phones))
    return Outcome(seed, time.monotonic() - started, logged, storm, reckoning)


async def rage(storm: Storm, phones: Sequence[Phone], seconds: float) -> None:
    """The storm, with all phones at work."""
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for phone in phones:
            tasks.create_task(phone.live(ended))
        await storm.rage(seconds)
        ended.set()


async def reckoned(stack: Stack, phones: Sequence[Phone]) -> Reckoning:
    async with operating(stack) as operator:
        acked = [one for phone in phones for one in phone.acknowledged()]
        return await reckon(operator, acked, PATIENCE_SECONDS)


def show(outcome: Outcome, console: Console) -> None:
    table = Table("fault", "times", title=f"Seed {outcome.seed}, {outcome.seconds:.0f} s")
    for kind, times in sorted(outcome.storm.faults.items()):
        table.add_row(kind, str(times))
    console.print(table)
    figures, reckoning = outcome.as_json(), outcome.reckoning
    recovery = figures["recovery_seconds"]
    counts = Table("acked", "lost", "duplicated", "stuck", "recovery p50", "p99")
    numbers = [figures[name] for name in ("acked", "lost", "duplicated", "stuck")]
    counts.add_row(*(f"{number:,}" for number in numbers), f"{recovery['p50']} s", f"{recovery['p99']} s")
    console.print(counts)
    repeated = f"{reckoning.repeated_records:,} records lie on the topic again, which every reader drops"
    console.print(repeated, style="dim", soft_wrap=True)
    console.print(f"the slowest recoveries: {'; '.join(map(str, outcome.slowest))}", style="dim", soft_wrap=True)
    for example in reckoning.examples:
        console.print(example, style="red", markup=False, soft_wrap=True)
    if reckoning.findings.first_difference:
        console.print(reckoning.findings.first_difference, style="red", markup=False, soft_wrap=True)
    if outcome.storm.stuck:
        console.print(f"stuck: no event came through within {STUCK_SECONDS:.0f} s after a fault", style="red")
