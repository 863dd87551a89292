"""A user's rows packed for the store, and unpacked in a fraction of the time that folding the history takes.

What is unpacked goes on like what was folded, as long as new events only add: their entities and rows are made beside
the packed ones. A packed entity does not know its registers: where an event edits it, or something changes that its row
was made from, the whole history has to be folded (`HistoryNeeded`).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import repeat
from types import GenericAlias
from typing import Any, Final, TypeVar, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from services.coach.facts.rows import Making, Part, Rows
from shared.domains.profile.fold import PROFILE_ID
from shared.domains.workouts.status import WorkoutStatus
from shared.fold import Entity, State
from shared.registers import Register
from shared.registry import REMOVED
from shared.views.exercises import ExerciseRow, Exercises
from shared.views.goals import GoalRow
from shared.views.measurements import MeasurementRow
from shared.views.profile import ProfileRow
from shared.views.records import RecordRow
from shared.views.rows import Row, json_form
from shared.views.sets import SetRow
from shared.views.weekly import WeeklyRow
from shared.views.whole import FOLD_VERSION
from shared.views.workouts import WorkoutRow

FORM = 2
"""Grows with every change of the packed form, or of the rows that coach makes of the same events."""
SHAPE: Final = f"{FORM}-{FOLD_VERSION}"
"""What is packed in another shape is of no use."""

KINDS: Mapping[str, type[Row]] = {
    "exercises": ExerciseRow,
    "measurements": MeasurementRow,
    "goals": GoalRow,
    "sets": SetRow,
    "workouts": WorkoutRow,
    "weeks": WeeklyRow,
    "records": RecordRow,
}
Item = TypeVar("Item", bound=Row)
# `count` rows, and each field's `values`: one that all have, one for each row, or the different ones `at` each row.
Columns = Mapping[str, Any]


class HistoryNeeded(Exception):
    """What is packed does not say it."""


class Packed(Entity):
    """An entity of which only some values are known."""

    __slots__ = ("_known",)
    _known: Mapping[str, Any]

    def __init__(self, known: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_known", known)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    @property
    def fields(self) -> Mapping[str, Register]:
        raise HistoryNeeded("a packed entity is edited")

    def value(self, name: str) -> Any:
        try:
            return self._known[name]
        except KeyError:
            raise HistoryNeeded(f"a packed row would be made anew from its {name}") from None

    def values(self) -> Mapping[str, Any]:
        raise HistoryNeeded("a packed row would be made anew")


def packed(rows: Rows) -> bytes:
    """The rows, with the entities that have none."""
    return zlib.compress(to_json(document(rows)))


def document(rows: Rows) -> dict[str, Any]:
    """What is packed, as JSON has it."""
    made: Mapping[str, Sequence[Row]] = {
        "exercises": [rows.exercises[found] for found, _ in rows.exercise_entities],
        "measurements": rows.measurements.made,
        "goals": rows.goals.made,
        "sets": rows.sets.made,
        "workouts": rows.workouts.made,
        "weeks": rows.weekly.made,
        "records": [record for of in rows.records.made for record in of],
    }
    without_row = {
        "measurements": [str(found) for found, _ in _without_row(rows.measurements)],
        "goals": [str(found) for found, _ in _without_row(rows.goals)],
        "workouts": [str(found) for found, _ in _without_row(rows.workouts)],
        "sets": [[str(found), json_form(of.value("workout_id"))] for found, of in _without_row(rows.sets)],
    }
    columns = {name: _columns(kind, made[name]) for name, kind in KINDS.items()}
    return {"profile": rows.profile.content(), **columns, "without_row": without_row}


def _without_row(part: Part[Any]) -> Iterator[tuple[UUID, Entity]]:
    """What is removed, or not there yet: a source begins with the entity and its id."""
    return ((source[0], source[1]) for source, row in part.kept.values() if row is None)


def unpacked(content: bytes) -> tuple[State, Rows]:
    """The state and the rows that were packed.

    Raises:
        HistoryNeeded: where the content cannot be read.
    """
    return opened(_document_of(content))


def rows_alone(content: bytes) -> Rows:
    """The rows that were packed, in half the time: they say everything, but do not know what they were made from.

    Raises:
        HistoryNeeded: where the content cannot be read.
    """
    found = _document_of(content)
    return Rows(
        profile=found.profile,
        exercises=Exercises(found.rows["exercises"]),
        measurements=Part(made=found.rows["measurements"]),
        goals=Part(made=found.rows["goals"]),
        sets=Part(made=found.rows["sets"]),
        workouts=Part(made=found.rows["workouts"]),
        weekly=Part(made=found.rows["weeks"]),
        records=Part(made=[list(found.rows["records"])]),
    )


@dataclass(frozen=True, slots=True)
class Document:
    """What a packed log holds, read."""

    profile: ProfileRow
    rows: Mapping[str, Sequence[Any]]
    without_row: Mapping[str, Sequence[Any]]

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Document":
        profile = _adapter(ProfileRow).validate_python(found["profile"])
        return cls(profile, {name: _rows(kind, found[name]) for name, kind in KINDS.items()}, found["without_row"])


def _document_of(content: bytes) -> Document:
    try:
        return Document.read(from_json(zlib.decompress(content)))
    except (zlib.error, ValueError, LookupError, TypeError) as error:
        raise HistoryNeeded("a packed log cannot be read") from error


def opened(found: Document) -> tuple[State, Rows]:
    """The state and the rows of a document."""
    profile = {("profile", PROFILE_ID): _profile(found.profile)}
    state = {**profile, **_with_row(found.rows), **_bare(found.without_row)}
    return state, Rows().after(state, _as_packed(found.rows))


def _with_row(rows: Mapping[str, Sequence[Any]]) -> State:
    return {
        **{("exercise", row.exercise_id): Packed({}) for row in rows["exercises"]},
        **{("measurement", row.measurement_id): Packed({}) for row in rows["measurements"]},
        **{("goal", row.goal_id): Packed({}) for row in rows["goals"]},
        **{("workout", row.workout_id): _workout(row) for row in rows["workouts"]},
        **{("set", row.set_id): _set(row.workout_id, row.load_basis) for row in rows["sets"]},
    }


def _bare(ids: Mapping[str, Sequence[Any]]) -> State:
    return {
        **{("measurement", UUID(found)): Packed({}) for found in ids["measurements"]},
        **{("goal", UUID(found)): Packed({}) for found in ids["goals"]},
        **{("workout", UUID(found)): Packed({"started_at": None}) for found in ids["workouts"]},
        **{("set", UUID(found)): _set(of and UUID(of), None) for found, of in ids["sets"]},
    }


def _as_packed(rows: Mapping[str, Sequence[Any]]) -> Making:
    """Puts each row in its place instead of making it."""
    weeks = {row.week: row for row in rows["weeks"]}
    records: dict[int, list[RecordRow]] = {}
    for record in rows["records"]:
        records.setdefault(record.exercise_id.int, []).append(record)
    return Making(
        exercises=lambda _: rows["exercises"],
        measurement=_by_id((row.measurement_id, row) for row in rows["measurements"]),
        goal=_by_id((row.goal_id, row) for row in rows["goals"]),
        set=_by_id((row.set_id, row) for row in rows["sets"]),
        workout=_by_id((row.workout_id, row) for row in rows["workouts"]),
        week=lambda week, *_: weeks.get(week),
        records=lambda exercise_id, *_: records.get(exercise_id.int),
    )


def _profile(row: ProfileRow) -> Packed:
    known = {"sex": row.sex, "birth_date": row.birth_date, "height": row.height_cm, "time_zone": row.time_zone}
    return Packed({**known, "unit_system": row.unit_system, "week_start": row.week_start})


def _workout(row: WorkoutRow) -> Packed:
    """All that its row is made from beside its sets: they may still come."""
    return Packed(
        {
            "name": row.name,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "notes": row.notes,
            "time_zone": row.time_zone,
            "template_id": row.template_id,
            REMOVED: row.status is WorkoutStatus.DISCARDED,
        }
    )


def _set(workout_id: UUID | None, load_basis: Any) -> Packed:
    return Packed({"workout_id": workout_id, "load_basis": load_basis})


def _columns(kind: type[Row], rows: Sequence[Row]) -> Columns:
    filled = {field.name: _column([getattr(row, field.name) for row in rows]) for field in fields(kind)}
    return {"count": len(rows), "filled": filled}


def _column(values: Sequence[Any]) -> Mapping[str, Sequence[Any]]:
    forms = [json_form(value) for value in values]
    places: dict[bytes, int] = {}
    at = [places.setdefault(to_json(form), len(places)) for form in forms]
    different = [from_json(form) for form in places]
    return {"values": different} if len(different) in (1, len(forms)) else {"values": different, "at": at}


def _rows(kind: type[Item], columns: Columns) -> list[Item]:
    """Each different value is read once: most are written thousands of times."""
    count, hints = columns["count"], get_type_hints(kind)
    filled: list[Iterable[Any]] = []
    for field in fields(kind):
        column = columns["filled"][field.name]
        values = _adapter(GenericAlias(list, (hints[field.name],))).validate_python(column["values"])
        if at := column.get("at"):
            filled.append(map(values.__getitem__, at))
        else:
            filled.append(values if len(values) == count else repeat(values[0], count))
    return list(map(kind, *filled))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _by_id(rows: Iterable[tuple[UUID, Item]]) -> Callable[..., Item | None]:
    found = {entity_id.int: row for entity_id, row in rows}
    return lambda entity_id, *_: found.get(entity_id.int)
