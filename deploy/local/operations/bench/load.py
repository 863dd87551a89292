"""The loads: a burst as fast as the server acknowledges, the most that the read side keeps up with, a steady rate."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from deploy.local.operations.bench.applied import Applied
from deploy.local.operations.bench.phones import Phone, register_all

DEVICES = 16
WARM_UP_SECONDS = 2.0
# Nearly two seconds' worth. With less under way the window would be what is measured: a worker takes up to a thousand
# events at once, and what it has applied is told a fifth of a second later.
LAG_EVENTS = 12_000
FASTEST = 60_000


@dataclass(frozen=True)
class Load:
    """What a load came to. `generator_cpu` is the share of one core that the generator itself used."""

    acked: int
    seconds: float
    ack_seconds: list[float]
    shed: int
    generator_cpu: float

    @property
    def rate(self) -> float:
        """Events acknowledged a second."""
        return self.acked / self.seconds


Sender = Callable[[Phone, float], Awaitable[None]]


async def burst(url: str, batch: int, seconds: float) -> tuple[Load, Sequence[Phone]]:
    """All devices send one batch after the other, as fast as they are acknowledged."""
    phones = await register_all(url, DEVICES, events_for(seconds, FASTEST), batch)

    async def send(phone: Phone, until: float) -> None:
        for numbered in phone.batches:
            await phone.push(numbered)
            if time.perf_counter() > until:
                return

    return await measured(phones, send, seconds), phones


async def sustained(url: str, batch: int, seconds: float, workers: Sequence[str]) -> tuple[Load, float]:
    """As fast as the projector keeps up: devices wait while more than `LAG_EVENTS` are not projected yet.
    Returns the load and the events that were projected a second once it was under way."""
    phones = await register_all(url, DEVICES, events_for(seconds, FASTEST // 2), batch)
    applied = Applied(workers)
    watch = asyncio.create_task(applied.watch())

    async def send(phone: Phone, until: float) -> None:
        for numbered in phone.batches:
            while sum(other.acked for other in phones) - applied.count > LAG_EVENTS and time.perf_counter() < until:
                await asyncio.sleep(0.01)
            if time.perf_counter() > until:
                return
            await phone.push(numbered)

    projected = asyncio.create_task(rate_of(applied, seconds))
    load = await measured(phones, send, seconds)
    rate = await projected
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    return load, rate


async def rate_of(applied: Applied, seconds: float) -> float:
    """Events projected a second, from the end of the warm-up to the end of the load."""
    await asyncio.sleep(min(WARM_UP_SECONDS, seconds / 4))
    started, before = time.perf_counter(), applied.count
    await asyncio.sleep(seconds - min(WARM_UP_SECONDS, seconds / 4))
    return (applied.count - before) / (time.perf_counter() - started)


async def steady(url: str, batch: int, seconds: float, rate: float) -> Load:
    """Batches come due at a fixed rate, evenly over the devices; a late start counts as waiting."""
    phones = await register_all(url, DEVICES, events_for(seconds, rate), batch)
    every = DEVICES * batch / rate

    async def send(phone: Phone, until: float) -> None:
        due = time.perf_counter() + every * phones.index(phone) / DEVICES
        for numbered in phone.batches:
            if due > until:
                return
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await phone.push(numbered, since=due)
            due += every

    return await measured(phones, send, seconds)


async def measured(phones: Sequence[Phone], send: Sender, seconds: float) -> Load:
    """Runs `send` for every phone at once."""
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(send(phone, started + seconds) for phone in phones))
    took = time.perf_counter() - started
    return Load(
        acked=sum(phone.acked for phone in phones),
        seconds=took,
        ack_seconds=[one for phone in phones for one in phone.seconds],
        shed=sum(phone.shed for phone in phones),
        generator_cpu=(time.process_time() - cpu) / took,
    )


def events_for(seconds: float, rate: float) -> int:
    """How many events each device must have ready, with a margin."""
    return int(seconds * rate * 1.2 / DEVICES) + 500
