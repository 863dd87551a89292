"""The load generator, a process of its own: one JSON command a line on its input, one JSON answer a line on its output.

`python -m deploy.local.operations.bench.generator`
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from client.ids import new_id
from deploy.local.operations.bench.load import DEVICES, Load, burst, events_for, measured, steady, sustained
from deploy.local.operations.bench.phones import SYNC, Phone, expect
from deploy.local.operations.bench.probe import Probe
from deploy.local.operations.bench.wire import Connection, request
from deploy.local.operations.bench.workload import batches, life
from deploy.local.operations.percentiles import percentiles

CEILING = 400_000


async def run_ceiling(url: str, batch: int, seconds: float) -> dict[str, Any]:
    """The same burst against a server that does nothing."""
    events = life(events_for(seconds, CEILING))
    phones = []
    for _ in range(DEVICES):
        device_id = new_id()
        phones.append(Phone(url, device_id, "sink", await Connection.open(url), batches(device_id, events, batch)))

    async def send(phone: Phone, until: float) -> None:
        for numbered in phone.batches:
            await phone.push(numbered)
            if time.perf_counter() > until:
                return

    return summary(await measured(phones, send, seconds))


async def run_burst(url: str, batch: int, seconds: float) -> dict[str, Any]:
    load, phones = await burst(url, batch, seconds)
    fullest = max(phones, key=lambda phone: phone.acked)
    return summary(load) | {"token": fullest.token, "token_events": fullest.acked}


async def run_sustained(url: str, batch: int, seconds: float, workers: Sequence[str]) -> dict[str, Any]:
    load, projected = await sustained(url, batch, seconds, workers)
    return summary(load) | {"projected_rate": projected}


async def run_steady(url: str, batch: int, seconds: float, rate: float) -> dict[str, Any]:
    """A steady load, and the probe beside it."""
    probe = await Probe.open(url)
    load, _ = await asyncio.gather(steady(url, batch, seconds, rate), probe.run(seconds))
    return summary(load) | {
        "readable_ms": milliseconds(probe.readable),
        "hint_ms": milliseconds(probe.hinted),
        "stale": probe.stale,
        "probes": len(probe.readable),
        "hints": len(probe.hinted),
    }


async def run_pull(url: str, token: str, seconds: float) -> dict[str, Any]:
    """One new client pulls its whole history, again and again for so long."""
    connection, path = await Connection.open(url), f"{SYNC}/events?limit=500"
    started, pulled, cursor = time.perf_counter(), 0, None
    while time.perf_counter() - started < seconds:
        page = expect(await connection.send(request("GET", path + (f"&after={cursor}" if cursor else ""), token)), 200)
        pulled += len(page["events"])
        cursor = page["next_cursor"] if page["has_more"] else None
    return {"pulled": pulled, "rate": pulled / (time.perf_counter() - started)}


def summary(load: Load) -> dict[str, Any]:
    return {
        "acked": load.acked,
        "seconds": load.seconds,
        "rate": load.rate,
        "ack_ms": milliseconds(load.ack_seconds),
        "shed": load.shed,
        "generator_cpu": load.generator_cpu,
    }


def milliseconds(seconds: Sequence[float]) -> dict[str, float | None]:
    return percentiles([one * 1000 for one in seconds], 1)


WORK: Mapping[str, Callable[..., Coroutine[Any, Any, dict[str, Any]]]] = {
    "ceiling": run_ceiling,
    "burst": run_burst,
    "sustained": run_sustained,
    "steady": run_steady,
    "pull": run_pull,
}


def main() -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin.buffer:
            command = from_json(line)
            try:
                answer = runner.run(WORK[command.pop("do")](**command))
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}  # the caller raises it
            sys.stdout.buffer.write(to_json(answer) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
