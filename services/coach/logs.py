"""Training logs on demand: folded from the memory, and kept until the user's memory changes."""

import asyncio
import gc
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from services.coach.facts.log import TrainingLog
from services.coach.facts.rows import Rows
from services.coach.store import PASSING
from services.coach.store.memory import Memory, Remembered
from shared.envelope import AcceptedEvent
from shared.fold import Recorded, State, fold
from shared.registry import UnknownEventType
from shared.telemetry import log


@dataclass(frozen=True, slots=True)
class Kept:
    """A log with the state, the rows and the version of the memory that it was made from."""

    version: int
    state: State
    rows: Rows
    log: TrainingLog


NOTHING = Kept(0, {}, Rows(), TrainingLog.of({}))


class Logs:
    """The logs of the users who asked last: only what came since is folded, and only what that changes is made anew.

    Kept are at most so many entities (a set is one, of about 4 kB) beside the last user's. In a thread: a long history
    takes a second. Two requests that come together may both fold; the fold does not mind.
    """

    def __init__(self, memory: Memory, entities: int) -> None:
        self._memory = memory
        self._entities = entities
        self._kept: OrderedDict[UUID, Kept] = OrderedDict()
        self._preparing: dict[UUID, asyncio.Task[None]] = {}

    async def of(self, account: UUID) -> TrainingLog:
        """The user's log as the memory has it now."""
        return (await self.versioned(account)).log

    async def versioned(self, account: UUID) -> Kept:
        """The log with the version of the memory that it stands for."""
        if (preparing := self._preparing.get(account)) is not None:
            await asyncio.wait([preparing])
        return await self._versioned(account)

    def prepare(self, account: UUID) -> None:
        """Begins to fold what will be asked for soon."""
        if account not in self._preparing:
            self._preparing[account] = task = asyncio.create_task(self._prepare(account))
            task.add_done_callback(lambda _: self._preparing.pop(account, None))

    async def _prepare(self, account: UUID) -> None:
        try:
            await self._versioned(account)
        except PASSING as error:
            log().warning("log_not_prepared", error=repr(error))

    async def _versioned(self, account: UUID) -> Kept:
        kept = self._kept.get(account, NOTHING)
        if kept.version != await self._memory.version(account):
            found = await self._memory.since(account, kept.version)
            kept = await asyncio.to_thread(_folded, NOTHING if found.whole else kept, found)
            self._kept[account] = kept
            if found.whole:
                # A history is hundreds of thousands of objects without cycles: no collection needs to look at them.
                gc.freeze()
        if account in self._kept:
            self._kept.move_to_end(account)
            self._make_room()
        return kept

    def forget(self, account: UUID) -> None:
        """Lets go of what is not needed again soon."""
        self._kept.pop(account, None)

    def _make_room(self) -> None:
        while len(self._kept) > 1 and sum(len(kept.state) for kept in self._kept.values()) > self._entities:
            self._kept.popitem(last=False)


def _folded(kept: Kept, found: Remembered) -> Kept:
    """Everything that this version of the software can read."""
    recorded = (_recorded(event) for event in found.events())
    state = fold((event for event in recorded if event is not None), kept.state)
    rows = kept.rows.after(state)
    return Kept(found.version, state, rows, TrainingLog.made_of(rows))


def _recorded(event: AcceptedEvent) -> Recorded | None:
    try:
        return event.recorded()
    except (UnknownEventType, ValidationError):
        return None
