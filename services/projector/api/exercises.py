"""Exercises to choose from, and what was done with each."""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from services.projector.api.answers import marked, paged, reads, shape
from services.projector.api.bounds import From, To, between
from services.projector.api.paging import moment_and_id, name_and_id, part_after
from services.projector.api.reads import Read, Reads
from services.projector.store.exercises import COUNTED, began, exercise_of, exercises_of, has_sets
from services.projector.store.lists import Filter, Listing
from services.projector.views.text import text_of
from shared.domains.exercises.catalogue import CATALOGUE
from shared.domains.exercises.names import name_key
from shared.domains.exercises.vocabulary import Muscle
from shared.errors import NotFound
from shared.http import Cursor, Limit
from shared.views.exercises import ExerciseRow, catalogue_row, undefined_row
from shared.views.progress import ProgressRow
from shared.views.records import RecordKind, RecordRow
from shared.views.sets import SetRow

router = APIRouter(tags=["exercises"])

DONE = Listing(
    "sets_projection", (("completed_at", "timestamptz"), ("set_id", "uuid")), newest_first=True, identity="set_id"
)
RECORDS = Listing("records_projection", (("exercise_id", "uuid"), ("kind", "text"), ("at_load", "numeric")))
Named = Annotated[str | None, Query(max_length=200)]


def _in_lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


MuscleCategory = Annotated[Muscle | None, BeforeValidator(_in_lower_case), Query()]


@router.get("/exercises", responses=reads(paged(marked(ExerciseRow))))
async def list_exercises(
    read: Reads, q: Named = None, muscle_category: MuscleCategory = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """The catalogue and the caller's own exercises by name; `q` finds names and aliases, however they are spelled."""
    found = [row for row in (await exercises_of(read.reading)).values() if row.listed]
    if muscle_category is not None:
        found = [row for row in found if row.muscle_category is muscle_category]
    if q is not None:
        text, words = q.strip().casefold(), frozenset(name_key(q).split())
        found = [row for row in found if _is_called(row, text, words)]
    found.sort(key=_by_name)
    shown, following = part_after(found, _by_name, name_and_id(cursor, "exercises"), "exercises", limit)
    items = ",".join(read.marked(_text(row), row.exercise_id) for row in shown)
    return read.items(items, following)


@router.get("/exercises/{exercise_id}", responses=reads(marked(ExerciseRow)))
async def show_exercise(read: Reads, exercise_id: UUID) -> Response:
    """One exercise; its name is null where sets were logged with it and nobody has defined it."""
    row = await exercise_of(read.reading, exercise_id)
    if row is None and await has_sets(read.reading, exercise_id):
        row = undefined_row(exercise_id)
    if row is None:
        raise NotFound("you have no such exercise")
    return read.answer(read.marked(_text(row), exercise_id))


@router.get("/exercises/{exercise_id}/history", responses=reads(paged(marked(SetRow))))
async def list_sets(
    read: Reads, exercise_id: UUID, start: From = None, end: To = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """The sets done with the exercise and with what was merged into it, newest first."""
    filters: list[Filter] = [("exercise_id = $", await _shown_as(read, exercise_id))]
    filters += between("completed_at", start, end)
    return await read.page(DONE, [*filters, ("workout_status = ANY($::text[])", COUNTED)], cursor, limit)


@router.get("/exercises/{exercise_id}/progress", responses=reads(paged(shape(ProgressRow))))
async def show_progress(
    request: Request, read: Reads, exercise_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Workout by workout, oldest first: the best estimate of the one-rep maximum, the best set, the volume."""
    shown_as = await _shown_as(read, exercise_id)
    after = moment_and_id(cursor, "progress")
    series: Sequence[ProgressRow] = await request.app.state.progress.of(read.reading, shown_as)
    shown, following = part_after(series, began, after, "progress", limit)
    return read.items(",".join(map(text_of, shown)), following)


@router.get("/records", tags=["metrics"], responses=reads(paged(shape(RecordRow))))
async def list_records(
    read: Reads,
    exercise_id: UUID | None = None,
    kind: RecordKind | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The best of each kind by exercise; repetitions at a load have one record a load."""
    filters: list[Filter] = []
    if exercise_id is not None:
        filters.append(("exercise_id = $", _standing_for(exercise_id, await exercise_of(read.reading, exercise_id))))
    if kind is not None:
        filters.append(("kind = $", kind.value))
    return await read.page(RECORDS, filters, cursor, limit)


async def _shown_as(read: Read, exercise_id: UUID) -> UUID:
    """The exercise that stands for this one.

    Raises:
        NotFound: when it is neither in the catalogue nor ever used by the caller.
    """
    known = await exercise_of(read.reading, exercise_id)
    if known is None and not await has_sets(read.reading, exercise_id):
        raise NotFound("you have no such exercise")
    return _standing_for(exercise_id, known)


def _standing_for(exercise_id: UUID, known: ExerciseRow | None) -> UUID:
    return (known and known.merged_into) or exercise_id


def _by_name(row: ExerciseRow) -> tuple[str, UUID]:
    return str(row.name).casefold(), row.exercise_id


def _text(row: ExerciseRow) -> str:
    untouched = row is catalogue_row(row.exercise_id)
    return _text_of_built_in(row.exercise_id) if untouched else text_of(row)


@cache
def _text_of_built_in(exercise_id: UUID) -> str:
    row = catalogue_row(exercise_id)
    assert row is not None
    return text_of(row)


def _is_called(row: ExerciseRow, text: str, words: frozenset[str]) -> bool:
    return any(text in name.casefold() or (words and words <= _words(name)) for name in _names(row))


def _names(row: ExerciseRow) -> Iterable[str]:
    built_in = CATALOGUE.get(row.exercise_id)
    return (str(row.name), *(built_in.aliases if built_in else ()))


@lru_cache(maxsize=10_000)
def _words(name: str) -> frozenset[str]:
    return frozenset(name_key(name).split())
