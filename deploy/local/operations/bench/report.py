"""The benchmark's result: plain figures, and the table that people read."""

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table


@dataclass
class Burst:
    """One burst: acknowledged events a second, and how fast its backlog could then be read."""

    batch: int
    acked_rate: float
    ack_ms: Mapping[str, float | None]
    events: int
    shed: int
    projected_rate: float | None
    generator_cpu: float
    generator_ceiling: float


@dataclass
class Figures:
    """All figures of a run. Rates are events a second, `memory_mb` resident megabytes by process, `cpu_us` microseconds
    of processor time by process for each event of the sustained load."""

    machine: Mapping[str, Any]
    copy_rate: float = 0
    bursts: list[Burst] = field(default_factory=list)
    relay_rate: float = 0
    sustained_rate: float = 0
    half: Mapping[str, Any] = field(default_factory=dict)
    pull_rate: float = 0
    memory_mb: Mapping[str, float] = field(default_factory=dict)
    cpu_us: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0

    def as_json(self) -> dict[str, Any]:
        """Everything, with the ratios to the machine's limit."""
        ratios = {f"burst_{burst.batch}": self.ratio(burst.acked_rate) for burst in self.bursts}
        ratios |= {name: self.ratio(getattr(self, f"{name}_rate")) for name in ("relay", "sustained", "pull")}
        return asdict(self) | {"ratios": ratios}

    def ratio(self, rate: float) -> float:
        """A rate as a share of the COPY limit."""
        return round(rate / self.copy_rate, 3) if self.copy_rate else 0


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    figure: str
    ratio: str = ""
    goal: str = ""
    reached: bool | None = None


def lines(figures: Figures) -> Iterator[Line]:
    yield Line("COPY, one connection", rate(figures.copy_rate), "1.00")
    for burst in figures.bursts:
        yield from burst_lines(figures, burst)
    yield Line("relay, catching up", rate(figures.relay_rate), ratio(figures, figures.relay_rate))
    sustained = figures.sustained_rate
    reached = sustained >= 12_000
    yield Line("sustained, projected too", rate(sustained), ratio(figures, sustained), "12,000 /s", reached)
    yield from half_lines(figures.half)
    yield Line("pull, one client", rate(figures.pull_rate), ratio(figures, figures.pull_rate))


def burst_lines(figures: Figures, burst: Burst) -> Iterator[Line]:
    goals = {100: ("0.20 of COPY", 0.20 * figures.copy_rate), 10: ("10,000 /s", 10_000.0)}
    goal, least = goals.get(burst.batch, ("", 0.0))
    reached = burst.acked_rate >= least if goal else None
    share = ratio(figures, burst.acked_rate)
    yield Line(f"burst in batches of {burst.batch}", rate(burst.acked_rate), share, goal, reached)
    yield Line("  its backlog projected", rate(burst.projected_rate) if burst.projected_rate else "out of time")
    yield Line("  generator alone", rate(burst.generator_ceiling), f"{burst.generator_cpu:.0%} cpu")


def half_lines(half: Mapping[str, Any]) -> Iterator[Line]:
    if not half:
        return
    ack, readable, hint = half["ack_ms"], half["readable_ms"], half["hint_ms"]
    yield Line(f"at {half['rate']:,.0f} /s: ack", pair(ack), "", "p99 < 50", below(ack["p99"], 50))
    reached = below(readable["p50"], 60) and below(readable["p99"], 250)
    yield Line("  ack → readable", pair(readable), "", "< 60, < 250", reached)
    yield Line("  ack → hint", pair(hint), "", "p50 < 50", below(hint["p50"], 50))


def rate(value: float) -> str:
    return f"{value:,.0f} /s"


def ratio(figures: Figures, value: float) -> str:
    return f"{figures.ratio(value):.2f}"


def pair(value: Mapping[str, float | None]) -> str:
    """Median and 99th percentile in milliseconds."""
    return " / ".join("-" if value[name] is None else f"{value[name]:g}" for name in ("p50", "p99")) + " ms"


def below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit


def tables(figures: Figures) -> Iterator[Table]:
    """The figures, and what each process needs."""
    table = Table("", "p50 / p99", "of COPY", "to reach", "met", title="Every acknowledgement durable")
    table.columns[0].no_wrap = True
    for line in lines(figures):
        mark = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[line.reached]
        table.add_row(line.name, line.figure, line.ratio, line.goal, mark)
    yield table
    processes = Table("process", "resident", "CPU an event", title="Memory after the load, and work while sustained")
    for name, megabytes in figures.memory_mb.items():
        processes.add_row(name, f"{megabytes:,.0f} MB", f"{figures.cpu_us.get(name, 0):,.0f} µs")
    yield processes


def machine() -> dict[str, Any]:
    """The machine that the figures belong to."""
    information = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (information.read_text().splitlines() if information.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
