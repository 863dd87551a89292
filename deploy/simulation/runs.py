"""Worlds one after the other: what a seed comes to, and many of them at once."""

import logging
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import structlog

from deploy.simulation.ending import Unsettled, settle
from deploy.simulation.oracle import differences
from deploy.simulation.world import World

STEPS = 200


@dataclass(frozen=True)
class Finding:
    """What is not sound in a world, and at which step it showed: after the last one, when all faults had stopped."""

    seed: int
    step: int
    difference: str
    story: tuple[str, ...]


@dataclass(frozen=True)
class Played:
    """A world that was lived through: what happened, a line a step, and what came of it."""

    story: tuple[str, ...]
    finding: Finding | None


def simulate(seed: int, steps: int = STEPS) -> Played:
    """Lives through the world of a seed. The same seed and steps come to the same, line by line."""
    with _silence():
        world = World(seed)
        difference = _lived(world, steps)
    story = tuple(world.story)
    return Played(story, Finding(seed, world.step, difference, story) if difference else None)


def _lived(world: World, steps: int) -> str:
    try:
        world.live(steps)
        settle(world)
        return "\n".join(differences(world))
    except Unsettled as error:
        return str(error)
    except Exception:
        return traceback.format_exc()


@contextmanager
def _silence() -> Iterator[None]:
    """The cores log each fault that they survive, and here there is no end of faults."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def simulate_all(seeds: Sequence[int], steps: int, workers: int) -> Iterator[Finding | None]:
    """What is found in the worlds of many seeds, in order; they are spread over processes."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as processes:
        yield from processes.map(partial(_finding, steps=steps), seeds, chunksize=10)


def _finding(seed: int, steps: int) -> Finding | None:
    return simulate(seed, steps).finding
