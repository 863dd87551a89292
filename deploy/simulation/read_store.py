"""One generation of a read store in memory: history, folded states and positions, written in transactions."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from shared.envelope import AcceptedEvent
from shared.fold import State, fold, join
from shared.following import NOTHING_APPLIED, Applied

Place = tuple[UUID, int]


@dataclass
class Generation:
    """`shared.following.ReadStore`. Events are folded under the user that wrote them; who is the same is joined later.

    The event of a place never changes, as a row of the history does not.
    """

    history: dict[Place, AcceptedEvent] = field(default_factory=dict)
    states: dict[UUID, State] = field(default_factory=dict)
    applied: dict[UUID, Applied] = field(default_factory=dict)

    def copied(self) -> "Generation":
        return Generation(dict(self.history), dict(self.states), dict(self.applied))

    @asynccontextmanager
    async def batch(self, devices: Collection[UUID]) -> AsyncIterator["Transaction"]:
        transaction = Transaction(self, {device: self.applied.get(device, NOTHING_APPLIED) for device in devices})
        yield transaction
        transaction.commit()

    async def all_applied(self) -> Mapping[UUID, Applied]:
        return dict(self.applied)

    async def forget(self, device_ids: Collection[UUID]) -> None:
        gone = [place for place in self.history if place[0] in device_ids]
        users = {self.history.pop(place).user_id for place in gone}
        for device_id in device_ids:
            self.applied.pop(device_id, None)
        for user_id in sorted(users):
            self.states[user_id] = fold(e.recorded() for e in self.history.values() if e.user_id == user_id)

    def state(self, user_ids: Iterable[UUID]) -> State:
        """What these users are together."""
        joined: State = {}
        for user_id in user_ids:
            joined = join(joined, self.states.get(user_id, {}))
        return joined


class Transaction:
    """`shared.following.Batch`: nothing of it is there before the commit."""

    def __init__(self, generation: Generation, applied: Mapping[UUID, Applied]) -> None:
        self.applied = applied
        self._generation = generation
        self._events: list[AcceptedEvent] = []
        self._positions: dict[UUID, Applied] = {}

    async def fold(self, events: Sequence[AcceptedEvent]) -> None:
        self._events += events

    async def save(self, applied: Mapping[UUID, Applied]) -> None:
        self._positions |= applied

    def commit(self) -> None:
        into = self._generation
        for event in self._events:
            place = (event.device_id, event.sequence_number)
            if place not in into.history:
                into.history[place] = event
                into.states[event.user_id] = fold([event.recorded()], into.states.get(event.user_id, {}))
        into.applied |= self._positions
