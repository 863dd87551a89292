"""How fast reads are for somebody who has logged 10,000 sets: `./hypertrophy bench --reads`.

Every read of the projector, over HTTP and through the gateway, against a stack of its own in a temporary folder.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from deploy.local.operations.bench.phones import Phone, expect, register
from deploy.local.operations.bench.usage import at_rest
from deploy.local.operations.bench.wire import request
from deploy.local.operations.bench.workload import life
from deploy.local.operations.percentiles import percentile
from deploy.local.operations.running import UNLIMITED
from deploy.local.stack import Stack

SETS = 10_000
TIMES = 200
LIMIT_MS = 20.0
_SET = b'"SetCompleted"'
_AHEAD = 1_000
_APPLIED_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of read: milliseconds of its requests in order of time, and the bytes of its answer."""

    name: str
    milliseconds: Sequence[float]
    size: int

    def percentile(self, percent: int) -> float:
        """The time that so many of a hundred requests stay below."""
        return percentile(self.milliseconds, percent)


def events_with(sets: int) -> int:
    """How many events of the lifelike history hold so many sets."""
    events = done = 0
    while done < sets:
        events += _AHEAD
        done = sum(_SET in event for event in life(events))
    return events


@asynccontextmanager
async def trained(url: str, sets: int) -> AsyncIterator[Phone]:
    """A phone of a user with so many sets, all of them in the read models."""
    phone = await register(url, events_with(sets), 500)
    try:
        for batch in phone.batches:
            await phone.push(batch)
        await _applied(phone)
        yield phone
    finally:
        phone.connection.close()


async def _applied(phone: Phone) -> None:
    asked = request("GET", "/api/v1/profile", phone.token, X_Read_After=f"{phone.device_id}:{phone.acked}")
    async with asyncio.timeout(_APPLIED_SECONDS):
        while b"x-stale" in (await phone.connection.send(asked)).headers:
            pass


async def paths(phone: Phone) -> Mapping[str, str]:
    """What is asked, by its name in the table; the exercise is the one with the most sets on its way."""
    workouts = await _get(phone, "/api/v1/workouts?limit=500")
    far = (await _get(phone, "/api/v1/workouts?limit=400"))["next_cursor"]
    middle = workouts["items"][len(workouts["items"]) // 2]
    whole = await _get(phone, f"/api/v1/workouts/{middle['workout_id']}")
    done = whole["sets"][0]
    exercise = f"/api/v1/exercises/{done['exercise_id']}"
    return {
        "workouts": "/api/v1/workouts",
        "workouts, 500 of them": "/api/v1/workouts?limit=500",
        "workouts, far down": f"/api/v1/workouts?cursor={far}",
        "workouts of a status": "/api/v1/workouts?status=in_progress",
        "workouts/{id}": f"/api/v1/workouts/{middle['workout_id']}",
        "workouts/{id}, as of then": f"/api/v1/workouts/{middle['workout_id']}?as_of={whole['ended_at']}",
        "exercises": "/api/v1/exercises",
        "exercises by name": "/api/v1/exercises?q=incline%20bench",
        "exercises/{id}": exercise,
        "exercises/{id}/history": f"{exercise}/history",
        "exercises/{id}/history, 500": f"{exercise}/history?limit=500",
        "exercises/{id}/progress": f"{exercise}/progress",
        "exercises/{id}/progress, 500": f"{exercise}/progress?limit=500",
        "records": "/api/v1/records",
        "records, 500 of them": "/api/v1/records?limit=500",
        "measurements": "/api/v1/measurements",
        "metrics/weekly": "/api/v1/metrics/weekly",
        "metrics/weekly, 500": "/api/v1/metrics/weekly?limit=500",
        "templates": "/api/v1/templates",
        "profile": "/api/v1/profile",
        "goals": "/api/v1/goals",
        "conflicts": "/api/v1/conflicts",
        "history/{id}": f"/api/v1/history/{done['set_id']}",
        "entities/set": "/api/v1/entities/set",
        "entities/set, 500 asked for": "/api/v1/entities/set?limit=500",
        "entities/set/{id}": f"/api/v1/entities/set/{done['set_id']}",
        "projections/status": "/api/v1/projections/status",
    }


async def _get(phone: Phone, path: str) -> Any:
    return expect(await phone.connection.send(request("GET", path, phone.token)), 200)


async def measure(phone: Phone, times: int = TIMES) -> Sequence[Measured]:
    """Each read so many times, one after the other; the first request of each is not counted."""
    return [await _measured(phone, name, path, times) for name, path in (await paths(phone)).items()]


async def _measured(phone: Phone, name: str, path: str, times: int) -> Measured:
    asked = request("GET", path, phone.token)
    first = await phone.connection.send(asked)
    expect(first, 200)
    taken: list[float] = []
    for _ in range(times):
        started = time.perf_counter()
        await phone.connection.send(asked)
        taken.append((time.perf_counter() - started) * 1000)
    return Measured(name, taken, len(first.body))


def lines(measured: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """The rows of the table."""
    for one in measured:
        slow = "" if one.percentile(99) < LIMIT_MS else "slow"
        figures = (f"{one.percentile(50):.1f}", f"{one.percentile(99):.1f}", f"{one.size / 1024:.1f}")
        yield one.name, *figures, slow


def as_json(measured: Sequence[Measured]) -> Mapping[str, Any]:
    """The same figures for programs, in milliseconds and bytes."""
    return {
        one.name: {"p50_ms": round(one.percentile(50), 2), "p99_ms": round(one.percentile(99), 2), "bytes": one.size}
        for one in measured
    }


def table(measured: Sequence[Measured]) -> Table:
    """The figures as they are shown."""
    found = Table("read", "p50 ms", "p99 ms", "kB", "")
    for line in lines(measured):
        found.add_row(*line)
    return found


async def run(sets: int = SETS, times: int = TIMES) -> Sequence[Measured]:
    """Starts a stack, fills it with one user's life, reads, and takes it away again."""
    with tempfile.TemporaryDirectory(prefix="hypertrophy-reads-", ignore_cleanup_errors=True) as folder:
        async with Stack(Path(folder), settings=UNLIMITED) as stack, trained(stack.url, sets) as phone:
            await at_rest(stack)
            return await measure(phone, times)
