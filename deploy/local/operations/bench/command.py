"""`./hypertrophy bench`: one table of how fast the product is here, with its own stack in a temporary folder."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import from_json, to_json
from rich.console import Console

from deploy.local.operations.bench import reads
from deploy.local.operations.bench.applied import Applied
from deploy.local.operations.bench.limit import copy_limit, outbox_is_empty
from deploy.local.operations.bench.report import Burst, Figures, machine, tables
from deploy.local.operations.bench.usage import at_rest, pids, processor_seconds, resident
from deploy.local.operations.running import UNLIMITED, AsJson
from deploy.local.output import print_json, steps
from deploy.local.roles import ROOT, product_roles
from deploy.local.stack import Stack

BATCHES = (10, 100, 500)
ROLES = product_roles(projector_workers=2, http_processes=2)


@dataclass(frozen=True)
class Plan:
    """Seconds of each part; of `backlog` and `rest` the most that is waited."""

    burst: float
    sustained: float
    steady: float
    relay: float
    pull: float
    ceiling: float
    backlog: float
    rest: float


WHOLE = Plan(burst=10, sustained=20, steady=20, relay=3, pull=5, ceiling=2, backlog=75, rest=75)
QUICK = Plan(burst=2, sustained=5, steady=5, relay=1, pull=1, ceiling=0.5, backlog=12, rest=10)


class BenchFailed(Exception):
    """The load generator could not do its work."""


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A shorter run, within 90 seconds.")] = False,
    of_reads: Annotated[bool, typer.Option("--reads", help="Each read of a user with 10,000 sets instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how fast the product is on this machine, against the machine's own limit."""
    console = Console(highlight=False, stderr=as_json)
    if of_reads:
        measured = asyncio.run(reads.run(times=50 if quick else reads.TIMES))
        if as_json:
            print_json(reads.as_json(measured))
        else:
            console.print(reads.table(measured))
        return
    figures = asyncio.run(run(QUICK if quick else WHOLE, console))
    if as_json:
        print_json(figures.as_json())
        return
    machine = " · ".join(f"{name} {value}" for name, value in figures.machine.items())
    console.print(machine, style="dim", markup=False, soft_wrap=True)
    for table in tables(figures):
        console.print(table)


async def run(plan: Plan, console: Console) -> Figures:
    """Starts a stack, loads it, and takes it away again."""
    started, say = time.monotonic(), steps(console)
    with tempfile.TemporaryDirectory(prefix="hypertrophy-bench-", ignore_cleanup_errors=True) as folder:
        async with Stack(Path(folder), settings=UNLIMITED, roles=ROLES) as stack, spawned("generator") as generator:
            say("the stack is ready")
            bench = Bench(stack, generator, plan, Figures(machine()), say)
            await bench.run()
    bench.figures.seconds = round(time.monotonic() - started, 1)
    return bench.figures


@asynccontextmanager
async def spawned(module: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """One of the benchmark's own processes, ended at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"deploy.local.operations.bench.{module}",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@dataclass
class Bench:
    """One run against a running stack. `acked` counts what was acknowledged so far."""

    stack: Stack
    generator: asyncio.subprocess.Process
    plan: Plan
    figures: Figures
    say: Callable[[str], None]
    acked: int = 0
    puller: str = ""
    _applied: Applied = field(default_factory=lambda: Applied([]))

    async def run(self) -> None:
        """All parts, in order."""
        self._applied = Applied(self._workers())
        await self._order("burst", batch=100, seconds=min(3.0, self.plan.burst))
        await self._backlog()
        self.figures.copy_rate = await copy_limit(self.stack.engines.postgres_url("ingest"))
        self.say(f"COPY limit {self.figures.copy_rate:,.0f} /s")
        for batch in BATCHES:
            self.figures.bursts.append(await self._burst(batch))
        self.figures.relay_rate = await self._relay()
        await self._sustained()
        await self._half()
        answer = await self._ask("pull", url=self.stack.url, token=self.puller, seconds=self.plan.pull)
        self.figures.pull_rate = answer["rate"]
        self.figures.memory_mb = self._memory()

    def _workers(self) -> Sequence[str]:
        workers: dict[str, str] = from_json(self.stack.environment()["HYPERTROPHY_WORKERS"])
        return [url for name, url in workers.items() if name.startswith("projector-worker")]

    async def _burst(self, batch: int) -> Burst:
        async with spawned("sink") as sink:
            assert sink.stdout is not None
            url = f"http://127.0.0.1:{int(await sink.stdout.readline())}"
            ceiling = await self._ask("ceiling", url=url, batch=batch, seconds=self.plan.ceiling)
        answer = await self._order("burst", batch=batch, seconds=self.plan.burst)
        self.puller = answer["token"]
        projected = await self._backlog()
        self.say(f"burst of batches of {batch}: {answer['rate']:,.0f} /s, backlog {projected or 0:,.0f} /s")
        return Burst(
            batch=batch,
            acked_rate=answer["rate"],
            ack_ms=answer["ack_ms"],
            events=answer["acked"],
            shed=answer["shed"],
            projected_rate=projected,
            generator_cpu=answer["generator_cpu"],
            generator_ceiling=ceiling["rate"],
        )

    async def _relay(self) -> float:
        """Events a second that the relay publishes when it has fallen behind."""
        relay = self.stack.processes["ingest-relay"]
        relay.pause()
        try:
            answer = await self._order("burst", batch=100, seconds=self.plan.relay)
        finally:
            relay.resume()
        started = time.perf_counter()
        async with asyncio.timeout(60):
            while not await outbox_is_empty(self.stack.engines.postgres_url("ingest")):
                await asyncio.sleep(0.02)
        published: float = answer["acked"] / (time.perf_counter() - started)
        self.say(f"relay {published:,.0f} /s")
        await self._backlog()
        return published

    async def _sustained(self) -> None:
        before = processor_seconds(self.stack)
        answer = await self._order("sustained", batch=100, seconds=self.plan.sustained, workers=self._workers())
        self.figures.sustained_rate = answer["projected_rate"]
        used = {name: seconds - before[name] for name, seconds in processor_seconds(self.stack).items()}
        self.figures.cpu_us = {name: round(seconds / answer["acked"] * 1e6, 1) for name, seconds in used.items()}
        self.say(f"sustained {self.figures.sustained_rate:,.0f} /s")
        await self._backlog()

    async def _half(self) -> None:
        # What those have still to do for whom nobody waits, such as the coach's reports, is of the load before.
        try:
            await at_rest(self.stack, self.plan.rest)
            self.say("the stack is at rest")
        except TimeoutError:
            self.say(f"the stack is still at work after {self.plan.rest:.0f} s")
        rate = max(500.0, self.figures.sustained_rate / 2)
        answer = await self._order("steady", batch=100, seconds=self.plan.steady, rate=rate)
        self.figures.half = answer | {"rate": rate}
        self.say(f"at half of that: ack {answer['ack_ms']}, readable {answer['readable_ms']}, hint {answer['hint_ms']}")

    async def _backlog(self) -> float | None:
        """Waits until everything acknowledged is projected; events a second of the wait, None when it took too long."""
        started, before = time.perf_counter(), await self._applied.read()
        deadline = started + self.plan.backlog
        while (now := await self._applied.read()) < self.acked:
            if time.perf_counter() > deadline:
                self.say(f"{self.acked - now:,} events are not projected yet after {self.plan.backlog:.0f} s")
                return None
            await asyncio.sleep(0.05)
        return (now - before) / (time.perf_counter() - started)

    def _memory(self) -> dict[str, float]:
        return {name: round(resident(pid), 1) for name, pid in pids(self.stack).items()}

    async def _order(self, work: str, **given: Any) -> Any:
        """A load; what it got acknowledged is added to the count."""
        answer = await self._ask(work, url=self.stack.url, **given)
        self.acked += answer["acked"]
        return answer

    async def _ask(self, work: str, **given: Any) -> Any:
        assert self.generator.stdin is not None
        assert self.generator.stdout is not None
        self.generator.stdin.write(to_json({"do": work, **given}) + b"\n")
        line = await self.generator.stdout.readline()
        answer = from_json(line) if line else {"error": "the load generator ended"}
        if "error" in answer:
            raise BenchFailed(f"{work}: {answer['error']}")
        return answer
