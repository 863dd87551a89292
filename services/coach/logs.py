"""Training logs on demand: unpacked or folded from the memory, and kept until the user's memory changes."""

import asyncio
import gc
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from pydantic import ValidationError

from services.coach.facts.log import TrainingLog
from services.coach.facts.packing import HistoryNeeded, packed, rows_alone, unpacked
from services.coach.facts.rows import Rows
from services.coach.store import PASSING
from services.coach.store.memory import Memory, Remembered
from services.coach.store.packed_logs import PackedLog, PackedLogs
from shared.envelope import AcceptedEvent
from shared.fold import Recorded, State, fold
from shared.registry import UnknownEventType
from shared.telemetry import log


@dataclass(frozen=True, slots=True)
class Kept:
    """A log with the version of the memory that it stands for, and the state and the rows that it goes on from.

    Those of a `packed` log are unpacked when there is something to add.
    """

    version: int
    state: State
    rows: Rows
    log: TrainingLog
    packed: PackedLog | None = None

    @property
    def entities(self) -> int:
        return max(len(self.state), len(self.log.sets))


NOTHING = Kept(0, {}, Rows(), TrainingLog.of({}))
# Below so many entities folding is as fast as unpacking.
WORTH_PACKING = 500


class Logs:
    """The logs of the users who asked last: only what came since is folded, and only what that changes is made anew.

    Kept are at most so many entities (a set is one, of about 4 kB) beside the last user's. In a thread: a long history
    takes a second, and a tenth of that where the user's log is among the `packed` ones and was only added to. Two
    requests that come together may both fold; the fold does not mind.
    """

    def __init__(self, memory: Memory, entities: int, packed: PackedLogs | None = None) -> None:
        self._memory = memory
        self._entities = entities
        self._packed = packed
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
            self._kept[account] = kept = await self._newer(account, kept)
        if account in self._kept:
            self._kept.move_to_end(account)
            self._make_room()
        return kept

    async def _newer(self, account: UUID, kept: Kept) -> Kept:
        base = await self._packed.of(account) if self._packed and kept is NOTHING else kept.packed
        found = await self._memory.since(account, (base or kept).version)
        try:
            return await asyncio.to_thread(_folded, NOTHING if found.whole else base or kept, found)
        except HistoryNeeded as error:
            log().info("history_needed", reason=str(error))
            found = await self._memory.since(account, 0)
            return await asyncio.to_thread(_folded, NOTHING, found)

    def forget(self, account: UUID) -> None:
        """Lets go of what is not needed again soon."""
        self._kept.pop(account, None)

    def _make_room(self) -> None:
        while len(self._kept) > 1 and sum(kept.entities for kept in self._kept.values()) > self._entities:
            self._kept.popitem(last=False)


async def pack(packed_logs: PackedLogs, account: UUID, kept: Kept) -> None:
    """Leaves the log for processes that have not read this history, where that saves them time."""
    if len(kept.state) >= WORTH_PACKING and not await packed_logs.has(account, kept.version):
        content = await asyncio.to_thread(packed, kept.rows)
        await packed_logs.keep(account, PackedLog(kept.version, content))


def _folded(base: Kept | PackedLog, found: Remembered) -> Kept:
    """Everything that this version of the software can read.

    Raises:
        HistoryNeeded: where the events do more than to add to a packed log.
    """
    with uncollected():
        match base:
            case PackedLog() if not found.texts:
                made = TrainingLog.made_of(rows_alone(base.content))
                return replace(NOTHING, version=found.version, log=made, packed=base)
            case PackedLog():
                state, rows = unpacked(base.content)
            case Kept():
                state, rows = base.state, base.rows
        if found.texts:
            recorded = (_recorded(event) for event in found.events())
            state = fold((event for event in recorded if event is not None), state)
            rows = rows.after(state)
        return Kept(found.version, state, rows, TrainingLog.made_of(rows))


@contextmanager
def uncollected() -> Iterator[None]:
    """Without collections of garbage: they would go through all that is being made again and again, and take longer
    than making it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _recorded(event: AcceptedEvent) -> Recorded | None:
    try:
        return event.recorded()
    except (UnknownEventType, ValidationError):
        return None
