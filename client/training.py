"""Questions that one asks in the gym, answered from the folded log. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from client.clock import in_zone
from client.errors import NotFound
from client.ids import ends
from client.projections import Projection
from client.wording import counted
from shared.domains.workouts.status import WorkoutStatus
from shared.views.records import RecordKind, RecordRow, record_rows
from shared.views.sets import SetRow
from shared.views.workouts import WorkoutRow

_LAST = ("last", "-1")
_NONE = "there is no workout yet; `hypertrophy start` begins one"
FORGOTTEN_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record and what it beat; `before` is None for the first of its kind."""

    record: RecordRow
    before: Decimal | None


def in_progress(projection: Projection) -> list[UUID]:
    """The workouts in progress, the one that was started last first. Two phones may each have begun one."""
    found = [
        (entity.value("started_at"), entity_id)
        for (kind, entity_id), entity in projection.state.items()
        if kind == "workout" and not entity.removed and entity.value("started_at") and not entity.value("ended_at")
    ]
    return [entity_id for _, entity_id in sorted(found, reverse=True)]


def current_workout(projection: Projection) -> UUID | None:
    """The workout in progress that was started last."""
    return next(iter(in_progress(projection)), None)


def last_activity(projection: Projection, workout_id: UUID) -> datetime:
    """When the workout was started or its last set was done."""
    workout = projection.state["workout", workout_id]
    done = (
        entity.value("completed_at")
        for (kind, _), entity in projection.state.items()
        if kind == "set" and entity.value("workout_id") == workout_id and not entity.removed
    )
    started_at: datetime = workout.value("started_at")
    return max((moment for moment in done if moment and moment > started_at), default=started_at)


def is_forgotten(projection: Projection, workout_id: UUID, at: datetime) -> bool:
    """Whether nothing has happened in it for so long that its end was forgotten."""
    return at - last_activity(projection, workout_id) > FORGOTTEN_AFTER


def began_long_after(projection: Projection, workout_id: UUID, at: datetime) -> bool:
    """Whether it was started so long after that moment that what was done then is no part of it."""
    started_at: datetime = projection.state["workout", workout_id].value("started_at")
    return started_at - at > FORGOTTEN_AFTER


def new_records(projection: Projection, exercise_id: UUID, set_ids: Iterable[UUID]) -> list[NewRecord]:
    """The records that these sets broke; there are none the first time.

    A load that was never lifted before makes no record of repetitions, and a workout breaks that of volume once.
    """
    new = frozenset(set_ids)
    rows = [row for row in projection.about(exercise_id).sets if row.exercise_id == exercise_id]
    before = {row.key: row for row in record_rows(exercise_id, (row for row in rows if row.set_id not in new))}
    held = [row for row in record_rows(exercise_id, rows) if row.set_id in new] if before else []
    return [
        NewRecord(row, standing.value if standing else None)
        for row in held
        if _breaks(row, standing := before.get(row.key))
    ]


def _breaks(row: RecordRow, standing: RecordRow | None) -> bool:
    if standing is None:
        return row.kind not in (RecordKind.REPS_AT_LOAD, RecordKind.SESSION_VOLUME)
    by_itself = row.kind is RecordKind.SESSION_VOLUME and row.workout_id == standing.workout_id
    return row.value > standing.value and not by_itself


def last_time(projection: Projection, exercise_id: UUID) -> list[SetRow]:
    """The sets of the exercise in the last workout that had it."""
    counted = [row for row in projection.sets if row.exercise_id == exercise_id and row.counted]
    return [row for row in counted if row.workout_id == counted[-1].workout_id]


def find_workout(projection: Projection, reference: str | None, zone: ZoneInfo) -> WorkoutRow:
    """A workout by the end of its id, its day (`2026-11-21`), `last`, or its place from the newest (1, 2, …).

    Days are those of the zone. Without a reference the one in progress, else the last.

    Raises:
        NotFound
    """
    workouts = [row for row in projection.workouts if row.status is not WorkoutStatus.DISCARDED]
    if not projection.workouts:
        raise NotFound(_NONE)
    if reference is None and (current := current_workout(projection)):
        return next(row for row in projection.workouts if row.workout_id == current)
    if reference is None or reference in _LAST:
        if not workouts:
            raise NotFound(_NONE)
        return workouts[0]
    found = _named(projection.workouts, workouts, reference, zone)
    if not found:
        raise NotFound(f'no workout is meant by "{reference}"; `hypertrophy log` lists them')
    if len(found) > 1:
        raise NotFound(f'"{reference}" may be {len(found)} workouts; say the end of the id, which `log` shows')
    return found[0]


def find_discarded(projection: Projection, reference: str | None) -> WorkoutRow:
    """A discarded workout by the end of its id; without a reference the newest one.

    Raises:
        NotFound
    """
    discarded = [row for row in projection.workouts if row.status is WorkoutStatus.DISCARDED]
    found = [row for row in discarded if reference is None or ends(row.workout_id, reference)]
    if not found:
        of_that = f' whose id ends with "{reference}"' if reference else ""
        raise NotFound(f"no workout{of_that} was removed; `hypertrophy log` lists those that are there")
    return found[0]


def _named(everything: list[WorkoutRow], shown: list[WorkoutRow], reference: str, zone: ZoneInfo) -> list[WorkoutRow]:
    if reference.isdecimal() and len(reference) < 5:
        return shown[int(reference) - 1 : int(reference)]
    if reference.count("-") == 2:
        return [row for row in shown if in_zone(row.started_at, zone).date().isoformat() == reference]
    return [row for row in everything if ends(row.workout_id, reference)]


def find_set(projection: Projection, reference: str, workout: str | None, zone: ZoneInfo) -> SetRow:
    """A set by the end of its id, `last`, or its number in the workout that `find_workout` finds.

    Raises:
        NotFound
    """
    if reference in _LAST or (reference.isdecimal() and len(reference) < 4):
        sets = projection.sets_of(find_workout(projection, workout, zone).workout_id)
        if not sets:
            raise NotFound("the workout has no sets yet; `hypertrophy set` logs one")
        place = len(sets) if reference in _LAST else int(reference)
        if not 1 <= place <= len(sets):
            there = "only the set number 1" if len(sets) == 1 else f"the sets 1 to {len(sets)}"
            raise NotFound(f"there is no set number {reference}; the workout has {there}")
        return sets[place - 1]
    found = [row for row in projection.sets if ends(row.set_id, reference)]
    if len(found) != 1:
        meant = counted(len(found), "set is", "sets are")
        raise NotFound(f'{meant} meant by "{reference}"; `hypertrophy show` lists them with their ids')
    return found[0]
