"""Afterwards: edit what was logged, and undo."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any
from uuid import UUID

import typer

from client.cli.entering import (
    Already,
    Contradiction,
    check_effort,
    check_order,
    decimal,
    default_unit,
    given,
    measured_fields,
    printable,
)
from client.cli.opening import Log
from client.cli.output import AsJson, print_json, say, short, told
from client.errors import NotFound
from client.events import LoggedEvent, mark
from client.naming import resolve
from client.notation import read_sets
from client.projections import Projection, recorded
from client.training import find_discarded, find_set, find_workout
from client.undo import IMPORTED, Action, next_undo
from shared.domains.workouts.events import (
    LoadBasis,
    SetCorrected,
    SetRemoved,
    SetRestored,
    SetType,
    WeightUnit,
    WorkoutDiscarded,
    WorkoutRestored,
    WorkoutUpdated,
)
from shared.registry import DomainEvent
from shared.views.sets import SetRow


class NothingToChange(Exception):
    """An edit that says nothing new."""

    def __init__(self) -> None:
        super().__init__("nothing to change was said; `hypertrophy edit --help` lists what can be")


class SeveralSets(Exception):
    """More than a correction of one set can take."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is more than one set; a correction gives one, like 5x100')


def edit(
    reference: Annotated[
        str | None, typer.Argument(metavar="[SET]", help="Its number in the workout, the end of its id, or last.")
    ] = None,
    to: Annotated[str | None, typer.Argument(help="What it was: 5x105, 60s, …")] = None,
    workout: Annotated[
        str | None,
        typer.Option("--workout", help="Another workout: its day, the end of its id, or its place in `log`."),
    ] = None,
    exercise: Annotated[str | None, typer.Option(help="The exercise that it was.")] = None,
    rpe: Annotated[float | None, typer.Option(min=1, max=10, help="Effort.")] = None,
    rir: Annotated[float | None, typer.Option(min=0, max=9, help="Repetitions in reserve.")] = None,
    set_type: Annotated[SetType | None, typer.Option("--type", help="How it was done.")] = None,
    unit: Annotated[WeightUnit | None, typer.Option(help="Unit of a weight without one.")] = None,
    per_hand: Annotated[
        bool | None, typer.Option("--per-hand/--both-hands", help="The weight is that of one hand; default: as it was.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="The note; empty takes it away.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the set, or the workout, away.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Bring it back; a set by its whole id.")] = False,
    name: Annotated[str | None, typer.Option(help="The workout's name.")] = None,
    started: Annotated[str | None, typer.Option(help="When the workout began.")] = None,
    ended: Annotated[str | None, typer.Option(help="When the workout ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """Correct a set, also of an old workout; without SET, the workout itself."""
    of_set = {"--exercise": exercise, "--rpe": rpe, "--rir": rir, "--type": set_type, "--unit": unit}
    of_set |= {to or "''": to, "--per-hand": per_hand}
    of_workout = {"--name": name, "--started": started, "--ended": ended}
    _check_together(reference, given(of_set), given(of_workout), given({"--note": note}), remove, restore)
    check_effort(rpe, rir)
    if to is None and (of_weight := given({"--unit": unit, "--per-hand": per_hand})):
        raise Contradiction(f"{of_weight[0]} is of a weight: say that with it, like `hypertrophy edit last 5x80`")
    log = Log()
    with log.alone():
        if reference is None:
            times = {"started_at": started, "ended_at": ended}
            said = {field: None if text is None else log.done_at(text) for field, text in times.items()}
            event = _workout_change(
                log, workout, {"name": name and printable(name), **said, "notes": note}, remove, restore
            )
        elif restore:
            event = SetRestored(set_id=_removed(log, reference))
        else:
            row = find_set(log.projection, reference, workout, log.zone)
            effort = {"rpe": decimal(rpe), "rir": decimal(rir), "set_type": set_type, "notes": note}
            corrected = None if remove else _correction(log, row, to, exercise, unit, per_hand, effort)
            event = corrected or SetRemoved(set_id=row.set_id)
        log.add([event])
    _report(log, event, as_json)


def _check_together(
    reference: str | None, of_set: list[str], of_workout: list[str], of_both: list[str], remove: bool, restore: bool
) -> None:
    """Nothing that was said is passed over in silence. Raises Contradiction."""
    if remove and restore:
        raise Contradiction("--remove and --restore are opposites: say one")
    if (remove or restore) and (others := [*of_set, *of_workout, *of_both]):
        alone = "--remove" if remove else "--restore"
        raise Contradiction(f"{alone} goes alone: say {', '.join(others)} in another `hypertrophy edit`")
    if reference is None and of_set:
        raise Contradiction(f"{', '.join(of_set)} is of a set: name it, like `hypertrophy edit last {of_set[0]} …`")
    if reference is not None and of_workout:
        raise Contradiction(f"{', '.join(of_workout)} is of a workout: leave out the set, {reference}")


def _removed(log: Log, reference: str) -> UUID:
    """The set with this whole id: the others do not show how it ends."""
    whole = reference.replace("-", "").casefold()
    found = [entity_id for kind, entity_id in log.projection.state if kind == "set" and entity_id.hex == whole]
    if not found:
        raise NotFound(
            f'no set has the whole id "{reference}", as `--remove` tells it; `hypertrophy undo` also brings one back'
        )
    return found[0]


def _workout_change(log: Log, reference: str | None, said: dict[str, Any], remove: bool, restore: bool) -> DomainEvent:
    if restore:
        return WorkoutRestored(workout_id=find_discarded(log.projection, reference).workout_id)
    row = find_workout(log.projection, reference, log.zone)
    if remove:
        return WorkoutDiscarded(workout_id=row.workout_id)
    if said["started_at"] or said["ended_at"]:
        check_order(log, said["started_at"] or row.started_at, said["ended_at"] or row.ended_at)
    return WorkoutUpdated(workout_id=row.workout_id, **_changed(said))


def _correction(
    log: Log,
    row: SetRow,
    to: str | None,
    exercise: str | None,
    unit: WeightUnit | None,
    per_hand: bool | None,
    said: dict[str, Any],
) -> SetCorrected:
    exercises = log.projection.exercises
    chosen = exercises.get(row.exercise_id) if exercise is None else resolve(exercise, exercises)
    fields: dict[str, Any] = {"exercise_id": chosen.exercise_id} if exercise is not None and chosen else {}
    if to is not None:
        once = read_sets(to)
        if len(once) != 1:
            raise SeveralSets(to)
        measure = chosen.measure if chosen else None
        fields |= measured_fields(once[0], measure, unit or default_unit(log), per_hand is True)
        stays = row.load_basis is LoadBasis.TOTAL or (row.load_basis is LoadBasis.PER_HAND and per_hand is None)
        if "weight" in fields and "load_basis" not in fields and not stays:
            fields["load_basis"] = LoadBasis.TOTAL  # else it would go on being added to the body, or taken from it
    return SetCorrected(set_id=row.set_id, **_changed({**fields, **said}), **_without_other_effort(row, said))


def _without_other_effort(row: SetRow, said: dict[str, Any]) -> dict[str, None]:
    """Of RPE and RIR the one that was entered is kept: a correction by the other takes its place."""
    match said["rpe"], said["rir"]:
        case (None, None):
            return {}
        case (_, None) if row.rir is not None:
            return {"rir": None}
        case (None, _) if row.rpe is not None:
            return {"rpe": None}
        case _:
            return {}


def _changed(said: dict[str, Any]) -> dict[str, Any]:
    """What was said; an empty text clears the field."""
    changed = {
        field: value or None if field in ("notes", "name") else value
        for field, value in said.items()
        if value is not None
    }
    if not changed:
        raise NothingToChange
    return changed


def _report(log: Log, event: DomainEvent, as_json: bool) -> None:
    if as_json:
        print_json({"event_type": event.event_type, **event.model_dump(mode="json", exclude_unset=True)})
        return
    match event:
        case SetCorrected():
            row = next(row for row in log.projection.sets if row.set_id == event.set_id)
            say(f"now {told(row, log.projection.exercises)}")
        case SetRemoved():
            say(f"removed the set ({event.set_id}); `undo` or `edit {event.set_id} --restore` brings it back")
        case WorkoutDiscarded():
            known, back = short(event.workout_id), "`undo` or `edit --restore --workout"
            say(f"removed {_title(log, event.workout_id)} ({known}); {back} {known}` brings it back")
        case WorkoutRestored():
            say(f"brought back {_title(log, event.workout_id)} ({short(event.workout_id)})")
        case _:
            say("done")


def _title(log: Log, workout_id: UUID) -> str:
    return next((row.name for row in log.projection.workouts if row.workout_id == workout_id), None) or "the workout"


def undo(as_json: AsJson = False) -> None:
    """Take back what was logged last; again, what was logged before that."""
    log = Log()
    with log.alone():
        before, everything = log.projection, recorded(log.queue, log.pulled)
        found = next_undo(log.queue.said_here(), everything)
        if found is None:
            raise Already("there is nothing to undo")
        for event, given_back in found.by:
            log.add(given_back, correlation_id=mark(event.event_id))
    action = found.action
    if any(event.event_type == IMPORTED for event in action):
        from client.cli.importing import take_back

        take_back(log, str(action[0].correlation_id), as_json)
        return
    if as_json:
        print_json([{"event_id": event.event_id, "event_type": event.event_type} for event in action])
        return
    for later in found.passed_over:
        say(f"left as it is, because nothing of it counts any more: {_named(later)}")
    say(f"took back {len(action)} x {_named(action)}" if len(action) > 1 else f"took back: {_named(action)}")
    for line in _touched(action, before, log.projection):
        say(f"  {line}")


def _touched(action: Iterable[LoggedEvent], before: Projection, after: Projection) -> Iterator[str]:
    """The sets of the action: as they are again, or as they were where they are gone."""
    again, gone = ({row.set_id: row for row in found.sets} for found in (after, before))
    for set_id in dict.fromkeys(UUID(said) for event in action if (said := json.loads(event.payload).get("set_id"))):
        if set_id in again:
            yield f"now {told(again[set_id], after.exercises)}"
        elif set_id in gone:
            yield told(gone[set_id], before.exercises)


def _named(action: Action) -> str:
    return ", ".join(sorted({_words(event.event_type) for event in action}))


def _words(event_type: str) -> str:
    """`SetCompleted` as `set completed`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in event_type).strip()
