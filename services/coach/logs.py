"""Training logs on demand: folded from the memory, and kept until the user's memory changes."""

import asyncio
from collections import OrderedDict
from uuid import UUID

from pydantic import ValidationError

from services.coach.facts.log import TrainingLog
from services.coach.store.memory import Memory
from shared.envelope import AcceptedEvent
from shared.fold import Recorded, State, fold
from shared.registry import UnknownEventType


class Logs:
    """The logs of the users who asked last. A fold runs in a thread: a long history takes a second or more."""

    def __init__(self, memory: Memory, size: int = 64) -> None:
        self._memory = memory
        self._size = size
        self._kept: OrderedDict[UUID, tuple[int, TrainingLog]] = OrderedDict()

    async def of(self, account: UUID) -> TrainingLog:
        """The user's log as the memory has it now."""
        return (await self.versioned(account))[1]

    async def versioned(self, account: UUID) -> tuple[int, TrainingLog]:
        """The log with the version of the memory that it was folded from."""
        kept = self._kept.get(account)
        if kept is None or kept[0] != await self._memory.version(account):
            version, events = await self._memory.events(account)
            kept = version, await asyncio.to_thread(_log_of, events)
            self._kept[account] = kept
        self._kept.move_to_end(account)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return kept


def _log_of(events: list[AcceptedEvent]) -> TrainingLog:
    return TrainingLog.of(folded(events))


def folded(events: list[AcceptedEvent]) -> State:
    """The state of all events that this version of the software can read; the others were reported when they came."""
    return fold([recorded for event in events if (recorded := _recorded(event)) is not None])


def _recorded(event: AcceptedEvent) -> Recorded | None:
    try:
        return event.recorded()
    except (UnknownEventType, ValidationError):
        return None
