"""What the views of one batch share: the touched entities, their folded state, and what views tell each other."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Table

from services.projector.domain import EntityKey
from services.projector.views.row import Row
from services.projector.views.rows import Known, RowType, Scope, putting, replacing, rows_by, rows_of
from services.projector.views.writes import Writes
from shared.fold import NOTHING, Entity
from shared.views.conflicts import ConflictRow

Mark = tuple[UUID, Any]
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Read = Callable[["Work", Collection[Asked]], Awaitable[Mapping[Asked, Answer]]]
Load = Callable[[Collection[EntityKey]], Awaitable[Mapping[EntityKey, Entity]]]


@dataclass
class Work:
    """One batch on its way through the views.

    A view reads which of its rows to make again from the marks, and marks what follows from it for the views after it:
    `(kind, user, id)`, where the kind is an entity's or one that views agree on.
    """

    writes: Writes
    generation: str
    load: Load
    entities: dict[EntityKey, Entity]
    new: AbstractSet[EntityKey] = frozenset()
    """The touched entities of which nothing was recorded before: no table has rows of them yet."""
    found: list[tuple[UUID, ConflictRow]] = field(default_factory=list)
    """Conflicts that were not there before this batch."""
    _answers: defaultdict[Any, dict[Any, Any]] = field(default_factory=lambda: defaultdict(dict))
    _known: Known = field(default_factory=dict)
    _marks: defaultdict[str, set[Mark]] = field(default_factory=lambda: defaultdict(set))
    _new: defaultdict[str, set[Mark]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.touched = frozenset(self.entities)
        for user_id, entity, entity_id in self.touched:
            self.mark(entity, user_id, entity_id)
        for user_id, entity, entity_id in self.new:
            self._new[entity].add((user_id, entity_id))

    def mark(self, kind: str, user_id: UUID, identity: Any) -> None:
        """Says that what hangs on this has to be made again."""
        self._marks[kind].add((user_id, identity))

    def marked(self, kind: str) -> set[Mark]:
        """What was marked, as `(user, id)`."""
        return self._marks[kind]

    def stored(self, kind: str) -> AbstractSet[Mark]:
        """What was marked, but for new entities: what tables may have rows of."""
        return self._marks[kind] - self._new[kind]

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

    async def fetch(self, tables: Iterable[Table], query: str, *arguments: Any) -> Sequence[Record]:
        """What a view's own query finds in these tables, as they are by now."""
        await self.writes.make_for(*(table.name for table in tables))
        found: Sequence[Record] = await self.writes.connection.fetch(query, *arguments)
        return found

    async def rows_by(
        self, tables: Iterable[Table], row_type: type[RowType], query: str, *arguments: Any
    ) -> list[tuple[UUID, RowType]]:
        """The rows that it finds, where it selects `user_id` and `content`."""
        await self.writes.make_for(*(table.name for table in tables))
        return await rows_by(self.writes.connection, row_type, query, *arguments)

    async def rows_of(
        self, table: Table, row_type: type[RowType], by: Sequence[str], scope: Scope
    ) -> list[tuple[UUID, RowType]]:
        """The rows of a scope as they are by now."""
        if scope:
            await self.writes.make_for(table.name)
        return await rows_of(self.writes.connection, table, row_type, by, scope, self._known)

    async def replace(self, table: Table, by: Sequence[str], scope: Scope, rows: Iterable[tuple[UUID, Row]]) -> None:
        """Makes the rows of a scope exactly these."""
        statements = replacing(self.generation, table, by, scope, rows, self._known)
        if statements:
            await self.writes.add(table.name, statements)

    async def put(self, table: Table, rows: Sequence[tuple[UUID, Row]]) -> None:
        """Writes rows, in the place of those with the same keys."""
        self._known.pop(table.name, None)
        if rows:
            await self.writes.add(table.name, [putting(self.generation, table, rows)])

    async def once(self, read: Read[Asked, Answer], asked: Collection[Asked]) -> Mapping[Asked, Answer]:
        """What `read` says of each, asked once a batch."""
        known: dict[Asked, Answer] = self._answers[read]
        missing = [one for one in asked if one not in known]
        if missing:
            known |= await read(self, missing)
        return known

    def remember(self, read: Read[Asked, Answer], answers: Mapping[Asked, Answer]) -> None:
        """Says what `read` would say, where that is known already."""
        self._answers[read] |= answers
