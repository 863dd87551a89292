"""Training logs on demand: folded from the memory, and kept until the user's memory changes."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from services.coach.facts.log import TrainingLog
from services.coach.store.memory import Memory, Remembered
from shared.envelope import AcceptedEvent
from shared.fold import Recorded, State, fold
from shared.registry import UnknownEventType


@dataclass(frozen=True, slots=True)
class Kept:
    """A log with the state and the version of the memory that it was made from."""

    version: int
    state: State
    log: TrainingLog


NOTHING = Kept(0, {}, TrainingLog.of({}))


class Logs:
    """The logs of the users who asked last: only what came since is folded. In a thread: a long history takes a second.

    Two requests that come together may both fold; the fold does not mind.
    """

    def __init__(self, memory: Memory, size: int = 32) -> None:
        self._memory = memory
        self._size = size
        self._kept: OrderedDict[UUID, Kept] = OrderedDict()

    async def of(self, account: UUID) -> TrainingLog:
        """The user's log as the memory has it now."""
        return (await self.versioned(account)).log

    async def versioned(self, account: UUID) -> Kept:
        """The log with the version of the memory that it stands for."""
        kept = self._kept.get(account, NOTHING)
        if kept.version != await self._memory.version(account):
            found = await self._memory.since(account, kept.version)
            kept = await asyncio.to_thread(_folded, kept.state if not found.whole else {}, found)
            self._kept[account] = kept
            self._kept.move_to_end(account)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return kept


def _folded(state: State, found: Remembered) -> Kept:
    """Everything that this version of the software can read."""
    recorded = (_recorded(event) for event in found.events)
    after = fold((event for event in recorded if event is not None), state)
    return Kept(found.version, after, TrainingLog.of(after))


def _recorded(event: AcceptedEvent) -> Recorded | None:
    try:
        return event.recorded()
    except (UnknownEventType, ValidationError):
        return None
