"""What the views of one batch share: the touched entities, their folded state, and what views tell each other."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Table

from services.projector.domain import EntityKey
from services.projector.views.row import Row
from services.projector.views.rows import Connection, Known, RowType, Scope, put, replace, rows_of
from shared.fold import NOTHING, Entity
from shared.views.conflicts import ConflictRow

Mark = tuple[UUID, Any]
Remembered = TypeVar("Remembered")
Load = Callable[[Collection[EntityKey]], Awaitable[Mapping[EntityKey, Entity]]]


@dataclass
class Work:
    """One batch on its way through the views.

    A view reads which of its rows to make again from the marks, and marks what follows from it for the views after it:
    `(kind, user, id)`, where the kind is an entity's or one that views agree on.
    """

    connection: Connection
    load: Load
    entities: dict[EntityKey, Entity]
    found: list[tuple[UUID, ConflictRow]] = field(default_factory=list)
    """Conflicts that were not there before this batch."""
    memo: dict[Any, Any] = field(default_factory=dict)
    _known: Known = field(default_factory=dict)
    _marks: defaultdict[str, set[Mark]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.touched = tuple(self.entities)
        for key in self.touched:
            self.mark(key.entity, key.user_id, key.entity_id)

    def mark(self, kind: str, user_id: UUID, identity: Any) -> None:
        """Says that what hangs on this has to be made again."""
        self._marks[kind].add((user_id, identity))

    def marked(self, kind: str) -> set[Mark]:
        """What was marked, as `(user, id)`."""
        return self._marks[kind]

    async def of_kind(self, entity: str) -> Mapping[Mark, Entity]:
        """The folded entities of all marks of a kind; one that nothing was ever said about is blank."""
        keys = [EntityKey(user, entity, identity) for user, identity in self.marked(entity)]
        await self.need(keys)
        return {(key.user_id, key.entity_id): self.entities.get(key, NOTHING) for key in keys}

    async def need(self, keys: Iterable[EntityKey]) -> None:
        """Loads the entities that are not here yet."""
        missing = [key for key in keys if key not in self.entities]
        if missing:
            self.entities |= await self.load(missing)
            self.entities |= {key: NOTHING for key in missing if key not in self.entities}

    async def rows_of(
        self, table: Table, row_type: type[RowType], by: Sequence[str], scope: Scope
    ) -> list[tuple[UUID, RowType]]:
        """The rows of a scope as they are by now."""
        return await rows_of(self.connection, table, row_type, by, scope, self._known)

    async def replace(self, table: Table, by: Sequence[str], scope: Scope, rows: Iterable[tuple[UUID, Row]]) -> None:
        """Makes the rows of a scope exactly these."""
        await replace(self.connection, table, by, scope, rows, self._known)

    async def put(self, table: Table, rows: Sequence[tuple[UUID, Row]]) -> None:
        """Writes rows, in the place of those with the same keys."""
        await put(self.connection, table, rows)

    async def of_users(
        self,
        users: Iterable[UUID],
        read: Callable[[Collection[UUID]], Awaitable[Mapping[UUID, Remembered]]],
    ) -> Mapping[UUID, Remembered]:
        """What `read` says of each user, asked once a batch."""
        wanted = set(users)
        missing = [user for user in wanted if (read.__name__, user) not in self.memo]
        if missing:
            self.memo |= {(read.__name__, user): found for user, found in (await read(missing)).items()}
        return {user: self.memo[read.__name__, user] for user in wanted}
