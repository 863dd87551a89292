"""Worlds of phones, faults and servers: each ends with every fact stored, shown alike everywhere, and nothing stuck.

A failure names its seed; `./hypertrophy simulate --seed N` plays the same world again.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.simulation.runs import simulate

SEEDS = 300
CHUNK = 20
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_world_is_sound(first: int) -> None:
    findings = [simulate(seed).finding for seed in range(first, first + CHUNK)]

    assert [(found.seed, found.step, found.difference) for found in findings if found] == []


def test_a_seed_plays_the_same_world_in_every_process() -> None:
    seeds = (3, 14, 25)
    program = (
        "from deploy.simulation.runs import simulate\n"
        f"for seed in {seeds}: print('\\n'.join(simulate(seed).story), flush=True)"
    )

    def played(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Kolkata"}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True
        ).stdout.decode()

    here = "".join(line + "\n" for seed in seeds for line in simulate(seed).story)

    assert here == played("1") == played("2")


def test_other_seeds_play_other_worlds() -> None:
    stories = {simulate(seed).story for seed in range(5)}

    assert len(stories) == 5
