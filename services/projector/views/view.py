"""What a view is to the projector: a table, and how its rows follow from what a batch touched."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Table

from services.projector.domain import EntityKey
from services.projector.views.row import Row
from services.projector.views.work import Work
from shared.fold import Entity, State
from shared.postgres import Connection

if TYPE_CHECKING:  # a rebuild has no use for the web framework, and would wait for it
    from fastapi import APIRouter

Remakes = Callable[[Connection, Mapping[EntityKey, Entity]], Awaitable[Collection[UUID]]]


@dataclass(frozen=True)
class View:
    """`refresh` makes the rows again that a batch touched; `whole` makes all rows of one user.

    The views of the tree leave `whole` to `shared.views.whole`, which makes them all in one pass. `remakes` says for
    which users what a batch touched makes all rows again. A view may bring routes of its own.
    """

    name: str
    table: Table
    refresh: Callable[[Work], Awaitable[None]]
    whole: Callable[[State], Iterable[Row]] | None = None
    remakes: Remakes | None = None
    router: "APIRouter | None" = None


def entity_view(
    entity: str,
    table: Table,
    row: Callable[[UUID, Entity], Row | None],
    *,
    name: str,
    whole: bool = False,
    router: "APIRouter | None" = None,
) -> View:
    """The plainest view: one row for each entity of a kind, from nothing but that entity.

    The table has one key beside the user: the entity's id. Views from outside the tree say `whole`.
    """
    identifier = list(table.primary_key.columns)[1].name

    async def refresh(work: Work) -> None:
        found = await work.of_kind(entity)
        rows = [(user_id, row(entity_id, folded)) for (user_id, entity_id), folded in found.items()]
        present = [(user_id, made) for user_id, made in rows if made is not None]
        await work.replace(table, ["user_id", identifier], found.keys(), present)

    def rows_of(state: State) -> Iterable[Row]:
        made = (row(entity_id, folded) for (kind, entity_id), folded in state.items() if kind == entity)
        return [one for one in made if one is not None]

    return View(name, table, refresh, rows_of if whole else None, router=router)
