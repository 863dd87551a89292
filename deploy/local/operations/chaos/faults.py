"""What is done to the stack: a process or an engine is killed (-9), or stopped for a while."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.local.processes import Process
from deploy.local.stack import Stack

# The less often, the longer it takes to come back.
WEIGHTS = {"kafka": 1, "postgres": 1}
USUAL_WEIGHT = 2
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 6.0


@dataclass(frozen=True)
class Fault:
    """`pause` is for how many seconds the target stands still; None where it is killed."""

    target: str
    pause: float | None

    @property
    def kind(self) -> str:
        return f"{'killed' if self.pause is None else 'paused'} {self.target}"


def targets(stack: Stack) -> Mapping[str, Process]:
    """Everything that can be hit; what is killed is started again by the stack's supervisor."""
    return {**stack.processes, **{engine.process.name: engine.process for engine in stack.engines.embedded}}


def draw(chance: random.Random, names: Sequence[str]) -> Fault:
    """The next fault."""
    target = chance.choices(names, [WEIGHTS.get(name, USUAL_WEIGHT) for name in names])[0]
    return Fault(target, chance.uniform(SHORTEST_PAUSE, LONGEST_PAUSE) if chance.random() < 0.35 else None)


async def inject(stack: Stack, fault: Fault) -> None:
    """Does it; returns when a pause is over, or the target is dead."""
    process = targets(stack)[fault.target]
    if fault.pause is None:
        await process.kill()
        return
    process.pause()
    try:
        await asyncio.sleep(fault.pause)
    finally:
        process.resume()
