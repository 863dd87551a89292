"""`./hypertrophy republish`: the topics, made again from the stores; consumers drop what they know already."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.local.operations.running import AsJson, Data, Operator, operate
from deploy.local.output import tell
from shared.topics import create_topics

PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Republished:
    """What was published again: identity events, and batches of events."""

    topics_made: list[str]
    identity_events: int
    batches: int


def republish(as_json: AsJson = False, data: Data = None) -> None:
    """Publish everything again, identity first, and wait until it is on the topics."""
    console = Console(highlight=False, stderr=as_json)
    done = operate(data, lambda operator: work(operator, bars(console)), patience=PATIENCE_SECONDS)
    made = f", after making {', '.join(done.topics_made)}" if done.topics_made else ""
    published = f"{done.identity_events:,} identity events and {done.batches:,} batches of events"
    tell(done, f"published {published}{made}", as_json)


def bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description:>16}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


async def work(operator: Operator, progress: Progress | None = None) -> Republished:
    """Missing topics first, then auth's log, then the event store."""
    shown: AbstractContextManager[Any] = progress or nullcontext()
    with shown:
        made = await create_topics(operator.stack.environment["KAFKA_BOOTSTRAP_SERVERS"])
        identity = (await operator.post("/internal/auth/republish"))["events"]
        await until_empty(lambda: left(operator, "auth", "events"), "identity events", identity, progress)
        batches = (await operator.post("/internal/ingest/republish"))["batches"]
        await until_empty(lambda: left(operator, "ingest", "batches"), "batches", batches, progress)
    return Republished(made, identity, batches)


async def left(operator: Operator, service: str, unit: str) -> int:
    """What the service's relay still has to publish."""
    return int((await operator.get(f"/internal/{service}/backlog"))[unit])


async def until_empty(
    waiting: Callable[[], Awaitable[int]], name: str, total: int, progress: Progress | None = None
) -> None:
    """Waits until nothing is left, however long a busy stack keeps on adding."""
    bar = progress.add_task(name, total=total) if progress else None
    while (rest := await waiting()) > 0:
        if progress and bar is not None:
            progress.update(bar, completed=max(0, total - rest))
        await asyncio.sleep(0.2)
    if progress and bar is not None:
        progress.update(bar, completed=total)
