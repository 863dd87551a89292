"""Folding a history leaves the collector's work to the collector."""

import gc
import weakref
from unittest.mock import create_autospec
from uuid import UUID

from services.coach.logs import Logs
from services.coach.store.memory import Memory, Remembered


class Knot:
    """Refers to itself: only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_others_hold_while_a_history_is_folded_is_collected_once_they_let_go() -> None:
    memory = create_autospec(Memory, instance=True)
    memory.version.return_value = 1
    memory.since.return_value = Remembered(1, whole=True, texts=[])
    held = Knot()
    there = weakref.ref(held)

    await Logs(memory, entities=0).of(UUID(int=1))
    del held
    gc.collect()

    assert there() is None
