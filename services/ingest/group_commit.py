"""Deliveries that wait at the same time share one transaction: its round trips and its flush to disk are paid once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.ingest.domain import Judgement, Reception, decide
from services.ingest.door import Delivery, receive
from services.ingest.store.events import Acceptance, DeviceNow, EventStore, Trace
from shared.database import Database
from shared.errors import Problem, Unavailable
from shared.postgres import Connection

Answer = tuple[UUID, Judgement]
# While one group is being written, the next one gathers.
GROUPS = 4
MAX_DELIVERIES = 64
MAX_EVENTS = 500
# A group leaves beside one that is being written only with so many events: every transaction has its price.
WORTH_A_TRANSACTION = 50
# But for a group that is held up, by the lock of one of its devices, nobody waits longer.
PATIENCE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """A delivery that waits for its answer: the server epoch and the judgement."""

    delivery: Delivery
    now: datetime
    trace: Trace
    answer: "asyncio.Future[Answer]"

    def ends(self, answer: Answer | BaseException) -> None:
        """Hands out the answer; who has gone meanwhile does not hear it."""
        if self.answer.done():
            return
        if isinstance(answer, BaseException):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class GroupCommit:
    """`receive` for many requests at once; at most `max_waiting` of them wait."""

    def __init__(self, database: Database, max_waiting: int) -> None:
        self._database = database
        self._max_waiting = max_waiting
        self._waiting: list[Visit] = []
        self._writing: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._patience: asyncio.TimerHandle | None = None

    async def receive(self, delivery: Delivery, now: datetime, trace: Trace) -> Answer:
        """Judges a delivery and stores what is to be stored.

        Raises:
            UserErased, DeviceRevoked, WrongDevice
            Unavailable: when PostgreSQL is away or too busy; nothing is half done then.
        """
        if self._in_flight >= self._max_waiting:
            raise Unavailable("too many requests at once")
        visit = Visit(delivery, now, trace, asyncio.get_running_loop().create_future())
        self._waiting.append(visit)
        self._in_flight += 1
        try:
            self._start()
            return await visit.answer
        finally:
            self._in_flight -= 1

    def _start(self) -> None:
        if not self._writing or self._are_many:
            self._start_anyway()
        elif self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._out_of_patience)

    def _out_of_patience(self) -> None:
        self._patience = None
        self._start_anyway()

    def _start_anyway(self) -> None:
        if self._waiting and len(self._writing) < GROUPS:
            task = asyncio.create_task(self._write(self._next_group()))
            self._writing.add(task)
            task.add_done_callback(self._written)

    @property
    def _are_many(self) -> bool:
        return sum(len(visit.delivery.events) for visit in self._waiting) >= WORTH_A_TRANSACTION

    def _written(self, task: "asyncio.Task[None]") -> None:
        self._writing.discard(task)
        self._start()

    def _next_group(self) -> list[Visit]:
        """The longest wait first; a device that waits twice comes in two groups."""
        group: dict[UUID, Visit] = {}
        events = 0
        for visit in self._waiting:
            size = len(visit.delivery.events)
            if len(group) == MAX_DELIVERIES or (group and events + size > MAX_EVENTS):
                break
            if visit.delivery.device_id not in group:
                group[visit.delivery.device_id] = visit
                events += size
        taken = set(group.values())
        self._waiting = [visit for visit in self._waiting if visit not in taken]
        return list(group.values())

    async def _write(self, group: Sequence[Visit]) -> None:
        try:
            async with self._database.acquire() as connection:
                for visit in await receive_together(connection, group):
                    await _receive_alone(connection, visit)
        except BaseException as error:
            for visit in group:
                visit.ends(error)
            if not isinstance(error, Exception):
                raise


async def receive_together(connection: Connection, group: Sequence[Visit]) -> Sequence[Visit]:
    """Answers what is plain in one transaction; returns what needs a look of its own."""
    store = EventStore(connection)
    known = await store.look([visit.delivery.question for visit in group])
    plain = {visit: acceptance for visit in group if (acceptance := _plain(visit, known[visit.delivery.device_id]))}
    if not plain:
        return group
    try:
        moved = await store.accept(list(plain.values()))
    except (asyncpg.UniqueViolationError, asyncpg.DataError):
        return group
    stored = [visit for visit in plain if visit.delivery.device_id in moved]
    for visit in stored:
        visit.ends((known[visit.delivery.device_id].server_epoch, plain[visit].judgement))
    return [visit for visit in group if visit not in stored]


def _plain(visit: Visit, known: DeviceNow) -> Acceptance | None:
    """What is accepted of a delivery of nothing but good new events; None for every other delivery."""
    device, delivery = known.device, visit.delivery
    if device is None or known.sender_erased or known.sender_revoked or known.is_server:
        return None
    if known.has_quarantine or delivery.gaps:
        return None
    if not delivery.only_adds_to(device):
        return None
    judgement = decide(device, delivery.events)
    if not judgement.accepted:
        return None
    reception = Reception(delivery.device_id, delivery.user_id, visit.now, known.heads)
    return Acceptance(device, judgement, reception, visit.trace)


async def _receive_alone(connection: Connection, visit: Visit) -> None:
    try:
        visit.ends(await receive(connection, visit.delivery, visit.now, visit.trace))
    except (Problem, asyncpg.DataError) as fault:
        visit.ends(fault)
