"""What is worked out of all of a user's rows, and stays true until they change."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, TypeVarTuple
from uuid import UUID

from services.projector.store.reading import Reading

Asked = TypeVarTuple("Asked")
Found = TypeVar("Found")


class PerVersion(Generic[*Asked, Found]):
    """`await of(reading, *asked)` works out what is asked once for each version of a user's rows.

    The version grows with every change of what a user reads, merges and erasures included, and a generation's rows are
    its own. Kept is what is true of the last version of each of the `users` who asked last.
    """

    def __init__(self, work_out: Callable[[Reading, *Asked], Awaitable[Found]], users: int = 1_000) -> None:
        self._work_out = work_out
        self._users = users
        self._found: OrderedDict[UUID, tuple[str, int, dict[tuple[*Asked], Found]]] = OrderedDict()

    async def of(self, reading: Reading, *asked: *Asked) -> Found:
        """What is true of the rows that this reading sees."""
        generation, version, found = self._found.get(reading.user_id, (None, None, {}))
        if (generation, version) != (reading.generation, reading.version):
            found = {}
        if asked not in found:
            found[asked] = await self._work_out(reading, *asked)
            self._found[reading.user_id] = (reading.generation, reading.version, found)
            if len(self._found) > self._users:
                self._found.popitem(last=False)
        self._found.move_to_end(reading.user_id)
        return found[asked]
