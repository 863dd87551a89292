"""From what an export of another app holds to events of this log, and back again. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from client.events import Draft
from client.importing import Export, ImportedSet, Measurement, Session
from client.importing.identifiers import custom_exercise_id, measurement_id, set_id, workout_id
from client.naming import known
from client.writing import removing, restoring, updating
from shared.domains.body.events import BodyMeasurementRecorded, Units
from shared.domains.exercises.events import ExerciseDefined
from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle
from shared.domains.imports.events import ImportFinished
from shared.domains.workouts.events import LoadBasis, SetCompleted, SetCorrected, SetType, WorkoutEnded, WorkoutStarted
from shared.domains.workouts.volume import weight_in_kilograms
from shared.fold import Entity, Key, State
from shared.registers import Stamp
from shared.registry import REMOVED, DomainEvent, registry
from shared.views.exercises import Exercises
from shared.views.rows import json_form

# Exercise, repetitions, kilograms, seconds and metres.
_Look: TypeAlias = tuple[UUID, int | None, Decimal | None, Decimal | None, Decimal | None]
_UNDO = UUID("0d9c8f5e-7f0a-5b61-9a1f-6d1f0b5b0c11")


def undo_mark(import_id: UUID) -> UUID:
    """The correlation id of the removals that undo an import: so the log tells what may come back with the next one."""
    return uuid5(_UNDO, str(import_id))


@dataclass(frozen=True, slots=True)
class Known:
    """What the log has already: its state, its exercises, which entities an undone import took away, and the stamps of
    what imports wrote."""

    state: State
    exercises: Exercises
    taken_back: frozenset[Key]
    imported: frozenset[Stamp] = frozenset()

    def has(self, key: Key) -> bool:
        """Whether an event ever spoke of the entity, removed or not."""
        return key in self.state


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import writes. `counts` says how many of what are new.

    `left` are the entities, one a row, of which the file tells otherwise now than when it was imported: they stay as
    they are.
    """

    drafts: tuple[Draft, ...]
    counts: Mapping[str, int]
    new_exercises: tuple[str, ...] = ()
    left: tuple[Key, ...] = ()


def taken_back(state: State, correlations: Mapping[Stamp, UUID], import_ids: Iterable[UUID]) -> frozenset[Key]:
    """The removed entities whose removal was the undo of one of these imports."""
    marks = {undo_mark(import_id) for import_id in import_ids}
    return frozenset(
        key
        for key, entity in state.items()
        if entity.removed and (removal := entity.decided_by(REMOVED)) and correlations.get(removal) in marks
    )


def plan_import(export: Export, log: Known, import_id: UUID, file_hash: str, at: datetime) -> Plan:
    """The events that the log lacks; none at all for a file that it has already."""
    steps = _Steps(export, log, import_id)
    drafts = [*steps.sessions(), *steps.measurements()]
    plan = finished(drafts, steps.new_exercises, export.source.value, import_id, file_hash, at)
    return replace(plan, left=tuple(steps.left))


def finished(
    drafts: list[Draft], new_exercises: Iterable[str], source: str, import_id: UUID, file_hash: str, at: datetime
) -> Plan:
    """The plan of these events, with the one that ends the import where there is anything to import."""
    if not drafts:
        return Plan((), {})
    counts = Counter(f"{entity}s" for entity, _ in dict.fromkeys(begun(draft.event for draft in drafts)))
    end = ImportFinished(import_id=import_id, source=source, file_hash=file_hash, counts=counts)
    return Plan((*drafts, Draft(end, at, import_id)), counts, tuple(new_exercises))


def begun(events: Iterable[DomainEvent]) -> Iterator[Key]:
    """What these events make or bring back. One that went and came again in an own export is in it twice."""
    for event in events:
        for change in registry().changes(event):
            stream = registry().streams[change.entity]
            if event.event_type in (stream.creates, stream.restores):
                yield change.entity, change.entity_id


class _Steps:
    """One walk over an export; exercises are defined when the first set needs them."""

    def __init__(self, export: Export, log: Known, import_id: UUID) -> None:
        self._export, self._log, self._import_id = export, log, import_id
        self._met: set[str] = set()
        self._meant: dict[str, UUID] = {}
        self.new_exercises: list[str] = []
        self.left: list[Key] = []
        self._measures = _measures(export)

    def sessions(self) -> Iterator[Draft]:
        for session in self._export.sessions:
            yield from self._session(session)

    def _session(self, session: Session) -> Iterator[Draft]:
        workout = workout_id(self._export.source, session.key)
        key = "workout", workout
        said: dict[str, Any] = {"name": session.name, "notes": session.notes}
        ended_at = session.ended_at or max(done.completed_at for done in session.sets)
        started = WorkoutStarted(
            workout_id=workout,
            started_at=session.started_at,
            time_zone=self._export.time_zone,
            **{field: value for field, value in said.items() if value is not None},
        )
        ended = WorkoutEnded(workout_id=workout, ended_at=ended_at)
        told = (started, ended) if session.ended_at else (started,)
        otherwise = self._is_otherwise(key, told)
        if self._log.has(key):
            yield from self._restored(key, session.started_at, started, ended)
        else:
            yield self._draft(started, session.started_at)
            yield self._draft(ended, ended_at)
        unnamed = self._unnamed(session, workout)
        for done in session.sets:
            yield from self._set(session, workout, done, otherwise, unnamed)

    def _unnamed(self, session: Session, workout: UUID) -> Counter[_Look]:
        """What the log has in the workout beside the sets that the file names by their ids: of each look how many.

        Where no set looks as the file has it, the one of its id was corrected by hand.
        """
        state = self._log.state
        there = Counter(self._look(state["set", one].value) for one in self._sets_of.get(workout, ()))
        for done in session.sets if there else ():
            if named := state.get(("set", self._set_id(session, done))):
                looks = (self._look_of(done), self._look(named.value))
                there -= Counter(next(([look] for look in looks if there[look]), ()))
        return there

    @cached_property
    def _sets_of(self) -> Mapping[UUID, list[UUID]]:
        """The sets that stand in the log, by workout."""
        found: dict[UUID, list[UUID]] = {}
        for (kind, one), entity in self._log.state.items():
            if kind == "set" and not entity.removed:
                found.setdefault(entity.value("workout_id"), []).append(one)
        return found

    def _look_of(self, done: ImportedSet) -> _Look:
        exercise_id = self._meant_by(done.exercise_name)
        return self._look(lambda name: exercise_id if name == "exercise_id" else getattr(done, name))

    def _meant_by(self, name: str) -> UUID:
        if name not in self._meant:
            found = known(name, self._log.exercises)
            self._meant[name] = found.exercise_id if found else custom_exercise_id(name)
        return self._meant[name]

    def _look(self, value: Callable[[str], Any]) -> _Look:
        """A set as far as apps agree on it: they round, and each spells the names of exercises in its own way."""
        kilograms = weight_in_kilograms(value("weight"), value("weight_unit"))
        amounts = (kilograms, value("duration_s"), value("distance_m"))
        exercise_id = self._log.exercises.standing_for(value("exercise_id"))
        return exercise_id, value("reps"), *(round(amount, 1) if amount else None for amount in amounts)

    def _set_id(self, session: Session, done: ImportedSet) -> UUID:
        return set_id(self._export.source, session.key, done.exercise_name, done.ordinal, done.occurrence)

    def _set(
        self, session: Session, workout: UUID, done: ImportedSet, otherwise: bool, unnamed: Counter[_Look]
    ) -> Iterator[Draft]:
        """`otherwise` says whether the log has the workout, of which the row tells too, otherwise."""
        identity = self._set_id(session, done)
        key = "set", identity
        if self._log.has(key) and key not in self._log.taken_back:
            # What follows from the rest of the file is not compared: a set's time, and what its exercise counts.
            now = SetCorrected(set_id=identity, **_performance(done, None))
            shown = self._stands(key) and self._stands(("workout", workout))
            if shown and (otherwise or self._is_otherwise(key, [now])):
                self.left.append(key)
            return
        if done.exercise_name not in self._met:
            yield from self._meet(done.exercise_name, done.completed_at)
        exercise_id = self._meant_by(done.exercise_name)
        exercise = self._log.exercises.get(exercise_id)
        completed = SetCompleted(
            set_id=identity,
            workout_id=workout,
            exercise_id=exercise_id,
            completed_at=done.completed_at,
            **_performance(done, exercise.measure if exercise else self._measures[done.exercise_name]),
        )
        if self._log.has(key):
            yield from self._restored(key, done.completed_at, completed)
        elif unnamed and unnamed[look := self._look_of(done)]:
            # The same set, whose exercise another export spelled otherwise: a name is a part of a set's id.
            unnamed[look] -= 1
        else:
            yield self._draft(completed, done.completed_at)

    def _meet(self, name: str, at: datetime) -> Iterator[Draft]:
        """Defines the exercise that the name means where nobody knows it."""
        self._met.add(name)
        exercise_id = self._meant_by(name)
        if exercise_id in self._log.exercises or self._log.has(("exercise", exercise_id)):
            yield from self._restored(("exercise", exercise_id), at)
            return
        self.new_exercises.append(name)
        yield self._draft(
            ExerciseDefined(
                exercise_id=exercise_id,
                name=name,
                muscle_category=Muscle.OTHER,
                equipment=_equipment(name),
                measure=self._measures[name],
            ),
            at,
        )

    def measurements(self) -> Iterator[Draft]:
        for measured in self._export.measurements:
            yield from self._measurement(measured)

    def _measurement(self, measured: Measurement) -> Iterator[Draft]:
        identity = measurement_id(self._export.source, measured.key, measured.occurrence)
        key = "measurement", identity
        values: dict[str, Any] = {**measured.values, "units": Units(measured.units)}
        event = BodyMeasurementRecorded(measurement_id=identity, measured_at=measured.measured_at, **values)
        if self._is_otherwise(key, [event]):
            self.left.append(key)
        if self._log.has(key):
            yield from self._restored(key, measured.measured_at, event)
        else:
            yield self._draft(event, measured.measured_at)

    def _restored(self, key: Key, at: datetime, *told: DomainEvent) -> Iterator[Draft]:
        """Brings back what an undone import took away, as the file tells of it now: the unit may have been another."""
        if key in self._log.taken_back and (event := restoring(key)):
            yield self._draft(event, at)
            if (others := self._others(key, told)) and (update := updating(key, others, self._log.state[key])):
                yield self._draft(update, at)

    def _stands(self, key: Key) -> bool:
        return self._log.has(key) and not self._log.state[key].removed

    def _is_otherwise(self, key: Key, told: Iterable[DomainEvent]) -> bool:
        """Whether it stands in the log otherwise than these events say."""
        return self._stands(key) and bool(self._others(key, told))

    def _others(self, key: Key, told: Iterable[DomainEvent]) -> Mapping[str, Any]:
        """What these events say otherwise than an import before, in JSON form; what was corrected by hand stays."""
        entity, stream = self._log.state[key], registry().streams[key[0]]
        may_change = registry().events[stream.updates].model_fields.keys() if stream.updates else ()
        said = {
            name: value for one in told for change in registry().changes(one) for name, value in change.fields.items()
        }
        return {
            name: json_form(value)
            for name, value in said.items()
            if name in may_change and entity.value(name) != value and self._is_imported(entity, name)
        }

    def _is_imported(self, entity: Entity, name: str) -> bool:
        stamp = entity.decided_by(name)
        return stamp is None or stamp in self._log.imported

    def _draft(self, event: DomainEvent, at: datetime) -> Draft:
        return Draft(event, at, self._import_id)


def undo_import(created: Iterable[Key], state: State) -> tuple[DomainEvent, ...]:
    """The removals of what an import created or restored and is still there.

    An exercise stays where sets that the import did not write use it.
    """
    keys = [key for key in dict.fromkeys(created) if key in state and not state[key].removed]
    going = {key for key in keys if key[0] == "set"}
    used = {
        entity.value("exercise_id")
        for key, entity in state.items()
        if key[0] == "set" and key not in going and not entity.removed
    }
    left = (key for key in keys if key[0] != "exercise" or key[1] not in used)
    return tuple(event for key in left if (event := removing(key)))


def _performance(done: ImportedSet, measure: Measure | None) -> dict[str, Any]:
    said = {
        "reps": done.reps,
        "weight": done.weight,
        "weight_unit": None if done.weight is None else done.weight_unit,
        "set_type": None if done.set_type is SetType.NORMAL else done.set_type,
        "rpe": done.rpe,
        "duration_s": done.duration_s,
        "distance_m": done.distance_m,
        "superset_id": done.superset_id,
        "notes": done.notes,
        "load_basis": _basis(done, measure),
    }
    return {field: value for field, value in said.items() if value is not None}


def _basis(done: ImportedSet, measure: Measure | None) -> LoadBasis | None:
    if done.assisted or (measure is Measure.ASSISTED_REPS and done.weight is not None):
        return LoadBasis.ASSISTED
    return LoadBasis.BODYWEIGHT if measure in (Measure.BODYWEIGHT_REPS, Measure.ASSISTED_REPS) else None


def _equipment(name: str) -> Equipment:
    """What stands in brackets at the end of a name: `Bench Press (Barbell)`."""
    word = name.rpartition("(")[2].rstrip(") ").casefold().replace(" ", "_") if name.endswith(")") else ""
    return Equipment(word) if word in set(Equipment) else Equipment.OTHER


def _measures(export: Export) -> Mapping[str, Measure]:
    """What is counted in each exercise, by what its sets say."""
    said: dict[str, set[str]] = {}
    for done in (done for session in export.sessions for done in session.sets):
        values: Mapping[str, int | Decimal | None] = {
            "help" if done.assisted else "weight": done.weight,
            "reps": done.reps,
            "duration": done.duration_s,
            "distance": done.distance_m,
        }
        said.setdefault(done.exercise_name, set()).update(name for name, value in values.items() if value)
    return {name: _measure(values) for name, values in said.items()}


def _measure(values: set[str]) -> Measure:
    """`help` is a weight that was taken from the body: then one that was not is added to it."""
    loaded = bool(values & {"weight", "help"})
    if "distance" in values:
        return Measure.WEIGHT_DISTANCE if loaded else Measure.DISTANCE_DURATION
    if "reps" in values and "help" in values:
        return Measure.BODYWEIGHT_REPS if "weight" in values else Measure.ASSISTED_REPS
    if "reps" in values:
        return Measure.WEIGHT_REPS if loaded else Measure.REPS
    return Measure.WEIGHT_DURATION if loaded else Measure.DURATION
