"""What is worked out of all of a user's rows, and stays true until they change."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

from services.projector.store.reading import Reading

Found = TypeVar("Found")


class PerVersion(Generic[Found]):
    """`await of(reading)` works it out once for each version of a user's rows.

    The version grows with every change of what a user reads, merges and erasures included, and a generation's rows are
    its own. Kept is the last version of each of the `users` who asked last.
    """

    def __init__(self, work_out: Callable[[Reading], Awaitable[Found]], users: int = 1_000) -> None:
        self._work_out = work_out
        self._users = users
        self._found: OrderedDict[UUID, tuple[str, int, Found]] = OrderedDict()

    async def of(self, reading: Reading) -> Found:
        """What is true of the rows that this reading sees."""
        generation, version, found = self._found.get(reading.user_id, (None, None, None))
        if found is None or (generation, version) != (reading.generation, reading.version):
            found = await self._work_out(reading)
            self._found[reading.user_id] = (reading.generation, reading.version, found)
            if len(self._found) > self._users:
                self._found.popitem(last=False)
        self._found.move_to_end(reading.user_id)
        return found
