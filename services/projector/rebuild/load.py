"""The users of a group are folded in memory, and their rows and positions are copied in together."""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.projector.domain import UNREADABLE, Entry, Parked, Said, entries
from services.projector.rebuild.groups import Group
from services.projector.rebuild.read import Told, read
from services.projector.settings import Settings
from services.projector.store import dead_letters, history, loading
from services.projector.tables import APPLIED, DEAD_LETTERS, HISTORY
from services.projector.views import views, whole
from services.projector.views.row import Row
from services.projector.views.rows import values
from shared.envelope import AcceptedEvent
from shared.fold import Key, entity_of
from shared.postgres import connect

_LOOKS = 3
_BETWEEN_LOOKS_S = 1
Place = tuple[UUID, int]
# What the live generation could not apply, with the state of each.
Parkeds = Mapping[Place, str]


class CannotApply(Exception):
    """An event that the live generation had applied cannot be applied any more: the rebuild stops."""


@dataclass
class Loaded:
    """Rows by table, ready to be copied."""

    tables: defaultdict[str, list[Sequence[Any]]] = field(default_factory=lambda: defaultdict(list))


def load_group(
    settings: Settings, generation: str, epoch: UUID, group: Group, erased: Collection[UUID], parked: Parkeds
) -> int:
    """Reads, folds and copies all users of a group in one transaction; runs in a process of its own.

    Returns the events.

    Raises:
        CannotApply: names the first event that cannot be applied and that the live generation has not parked.
        httpx2.HTTPError, asyncpg.PostgresError: when ingest or the database is away.
    """
    return asyncio.run(_load_group(settings, generation, epoch, group, erased, parked))


async def _load_group(
    settings: Settings, generation: str, epoch: UUID, group: Group, erased: Collection[UUID], parked: Parkeds
) -> int:
    told = await read(settings, group, epoch)
    loaded = await _folded(settings.database_url_projector, told, erased, parked)
    await _copy(settings.database_url_projector, generation, loaded)
    return told.events


async def _folded(url: str, told: Told, erased: Collection[UUID], parked: Parkeds) -> Loaded:
    """The rows of what was told. The live generation may park only now what has come in since the rebuild began."""
    for _ in range(_LOOKS):
        try:
            return _load(told, erased, parked)
        except CannotApply:
            await asyncio.sleep(_BETWEEN_LOOKS_S)
            parked = await _parked_by_now(url)
    return _load(told, erased, parked)


async def _parked_by_now(url: str) -> Parkeds:
    connection = await connect(url, role="projector_worker")
    try:
        return await loading.parked_in_live(connection)
    finally:
        await connection.close()


def _load(told: Told, erased: Collection[UUID], parked: Parkeds) -> Loaded:
    loaded = Loaded()
    for user_id, events in told.of_user.items():
        if user_id not in erased:
            # One who was erased first and merged then says nothing any more.
            left = [event for event in events if event.user_id not in erased] if erased else events
            _load_user(loaded, user_id, left, parked)
    loaded.tables[APPLIED.name] += loading.applied_rows(told.applied(), erased)
    return loaded


def _load_user(loaded: Loaded, user_id: UUID, events: Iterable[AcceptedEvent], parked: Parkeds) -> None:
    said, refused = _read(user_id, events, parked)
    try:
        rows = _rows(said)
    except Exception as error:
        refused += [Parked(event, repr(error)) for event in _events(said) if _place(event) in parked]
        said = [entry for entry in said if entry.said.own not in parked]
        rows = _rows_or_culprit(said)
    for view in views():
        loaded.tables[view.table.name] += [values(view.table, user_id, row) for row in rows[view.name]]
    loaded.tables[HISTORY.name] += map(history.row, said)
    loaded.tables[DEAD_LETTERS.name] += [dead_letters.row(one, user_id, parked[_place(one.event)]) for one in refused]


def _read(user_id: UUID, events: Iterable[AcceptedEvent], parked: Parkeds) -> tuple[list[Entry], list[Parked]]:
    """What the events say; one that cannot be read is parked where the live generation has parked it."""
    said: list[Entry] = []
    refused: list[Parked] = []
    for event in events:
        try:
            said += entries(event, user_id)
        except UNREADABLE as error:
            if _place(event) not in parked:
                raise CannotApply(_named(event, error)) from error
            refused.append(Parked(event, str(error)))
    return said, refused


def _rows(said: Iterable[Entry]) -> Mapping[str, Iterable[Row]]:
    edits: defaultdict[Key, list[Said]] = defaultdict(list)
    for (_, entity, entity_id), one, _ in said:
        edits[entity, entity_id].append(one)
    return whole({key: entity_of(found) for key, found in edits.items()})


def _rows_or_culprit(said: Sequence[Entry]) -> Mapping[str, Iterable[Row]]:
    try:
        return _rows(said)
    except Exception as error:
        raise CannotApply(_named(said[_first_failing(said) - 1].event, error)) from error


def _first_failing(said: Sequence[Entry]) -> int:
    """The length of the shortest beginning of which no rows can be made."""

    def fails(length: int) -> bool:
        try:
            _rows(said[:length])
        except Exception:
            return True
        return False

    return bisect_left(range(1, len(said)), True, key=fails) + 1


def _events(said: Iterable[Entry]) -> Iterable[AcceptedEvent]:
    return {entry.said.own: entry.event for entry in said}.values()


def _place(event: AcceptedEvent) -> Place:
    return event.device_id, event.sequence_number


def _named(event: AcceptedEvent, error: Exception) -> str:
    return (
        f"event {event.event_id} ({event.event_type}, device {event.device_id}, number {event.sequence_number}) "
        f"cannot be applied: {error}"
    )


async def _copy(url: str, generation: str, loaded: Loaded) -> None:
    connection = await connect(url)
    try:
        async with connection.transaction():
            for table in (APPLIED, HISTORY, DEAD_LETTERS, *(view.table for view in views())):
                rows = loaded.tables[table.name]
                if rows:
                    names = [column.name for column in table.columns]
                    await connection.copy_records_to_table(
                        table.name, records=rows, columns=names, schema_name=generation
                    )
    finally:
        await connection.close()
