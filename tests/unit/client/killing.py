"""A program that is killed again and again while it logs and syncs: `python -m … URL FOLDER SEED TIMES`.

It imports everything once and then forks, so that a hundred kills take seconds. Each child notes, in a file, the id
of a set as soon as `append` has returned.
"""

import asyncio
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from client.engine import SyncEngine
from client.events import Draft
from client.home import Home
from client.protocol import Protocol
from client.queue import EventQueue
from client.session import Session
from shared.domains.exercises.catalogue import CATALOGUE
from shared.domains.workouts.events import SetCompleted
from shared.registry import registry

# Long enough for a child to sync a few times; most are killed much earlier.
LONGEST_S = 0.2
# An id and the end of its line, in bytes.
LINE = 37


async def train(url: str, folder: Path) -> None:
    """Logs and syncs until it is killed."""
    home = Home(folder)
    queue, session = EventQueue(home.log), Session(home.session)
    session.use_server(url)
    engine = SyncEngine(home, queue, session, Protocol(url), batch=7)
    notes = os.open(folder / "noted", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        for _ in range(3):
            done = SetCompleted(
                set_id=uuid4(),
                workout_id=uuid4(),
                exercise_id=next(iter(CATALOGUE)),
                completed_at=datetime.now(UTC),
                reps=5,
            )
            queue.append([Draft(done, datetime.now(UTC))])
            os.write(notes, f"{done.set_id}\n".encode())
        await engine.sync()


def wait_for_notes(noted: Path, more: int) -> None:
    """Progress, not time, decides how far the child comes: a busy machine would else kill it before its start."""
    enough = size(noted) + more * LINE
    while size(noted) < enough:
        time.sleep(0.001)


def size(noted: Path) -> int:
    return noted.stat().st_size if noted.exists() else 0


def main(url: str, folder: str, seed: int, times: int) -> None:
    chance = random.Random(seed)
    registry()
    for _ in range(times):
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(train(url, Path(folder)))
            finally:
                os._exit(1)
        wait_for_notes(Path(folder) / "noted", chance.randrange(5))
        time.sleep(chance.random() ** 2 * LONGEST_S)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
