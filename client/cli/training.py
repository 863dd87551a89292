"""In the gym: start, set, end."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import typer

from client import training
from client.cli.entering import (
    Already,
    At,
    Contradiction,
    check_effort,
    check_order,
    decimal,
    default_unit,
    exercise_names,
    measured_fields,
    printable,
)
from client.cli.opening import Log
from client.cli.output import AsJson, described, local, print_json, say, short, tell, told
from client.cli.units import ShownIn, shown_in
from client.errors import NotFound
from client.ids import new_id
from client.naming import resolve
from client.notation import read_sets
from client.training import NewRecord, new_records
from client.wording import RECORDS, amount, counted, duration
from shared.domains.workouts.events import (
    SetCompleted,
    SetType,
    Side,
    WeightUnit,
    WorkoutEnded,
    WorkoutStarted,
)
from shared.views.exercises import ExerciseRow
from shared.views.templates import TemplateRow


def start(
    name: Annotated[str | None, typer.Argument(help="What to call it.")] = None,
    template: Annotated[str | None, typer.Option(help="The template to follow.")] = None,
    note: Annotated[str | None, typer.Option(help="A note on the workout.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Start a workout."""
    log = Log()
    workout_id = new_id()
    with log.alone():
        moment = log.done_at(at)
        if current := _going_on(log, moment):
            raise Already(f"workout {short(current)} is still going on; `hypertrophy end` ends it")
        plan = _template(log, template)
        event = _started(log, workout_id, printable(name) if name else plan.name if plan else None, plan, note, moment)
        _end_forgotten(log, moment)
        log.add([event], moment)
    if as_json:
        print_json({"workout_id": workout_id, "template_id": plan.template_id if plan else None})
        return
    say(f"started {name or (plan.name if plan else 'a workout')} ({short(workout_id)})", bold=True)
    if plan:
        _show_plan(log, plan)


def _started(
    log: Log, workout_id: UUID, name: str | None, plan: TemplateRow | None, note: str | None, at: datetime
) -> WorkoutStarted:
    said = {"name": name, "template_id": plan.template_id if plan else None, "notes": note}
    return WorkoutStarted(
        workout_id=workout_id,
        started_at=at,
        time_zone=log.zone.key,
        **{field: value for field, value in said.items() if value is not None},  # type: ignore[arg-type]  # the event checks them
    )


def _going_on(log: Log, at: datetime) -> UUID | None:
    """The workout in progress, if its end was not forgotten."""
    current = training.current_workout(log.projection)
    return None if current and training.is_forgotten(log.projection, current, at) else current


def _end_forgotten(log: Log, at: datetime) -> None:
    """Gives workouts in progress the end that was forgotten, at their last sets."""
    for workout_id in training.in_progress(log.projection):
        if not training.is_forgotten(log.projection, workout_id, at):
            continue
        last = training.last_activity(log.projection, workout_id)
        log.add([WorkoutEnded(workout_id=workout_id, ended_at=last)], last)
        say(f"the workout of {local(last, log.zone)} was never ended: it ends at its last set", err=True)


def _template(log: Log, name: str | None) -> TemplateRow | None:
    if name is None:
        return None
    found = [row for row in log.projection.templates if row.name.casefold() == name.casefold()]
    if not found:
        known = ", ".join(row.name for row in log.projection.templates) or "none yet"
        raise NotFound(f'there is no template "{name}"; there are: {known}')
    return found[0]


def _show_plan(log: Log, plan: TemplateRow) -> None:
    """Each exercise with what was done the last time."""
    for planned in plan.exercises:
        exercise = log.projection.exercises.get(UUID(planned["exercise_id"]))
        sets = planned.get("sets")
        count = len(sets) if isinstance(sets, list) else sets
        goal = f"{count or '?'} x {_goal(planned)}"
        done = training.last_time(log.projection, UUID(planned["exercise_id"]))
        before = ", ".join(described(row) for row in done) or "never done"
        say(f"  {exercise.name if exercise else planned.get('name') or '?'}  {goal}   last time: {before}")


def _goal(planned: Mapping[str, Any]) -> str:
    """What one set is to be: `60 s`, `20 m`, `8`."""
    target = planned.get("target") or {}
    if held := target.get("duration_s"):
        return duration(int(held))
    if far := target.get("distance_m"):
        return f"{amount(Decimal(str(far)))} m"
    return str(planned.get("reps") or "?")


def set_(
    exercise: Annotated[
        str, typer.Argument(help="Its name, or a part of it that says enough.", autocompletion=exercise_names)
    ],
    sets: Annotated[list[str], typer.Argument(help="5x100, 3x5x100, 5x225lb, 10, 8x+20, 60s, 1:30, 400m, 40mx40, …")],
    rpe: Annotated[float | None, typer.Option(min=1, max=10, help="Effort, 1 to 10 in half steps.")] = None,
    rir: Annotated[float | None, typer.Option(min=0, max=9, help="Repetitions in reserve.")] = None,
    set_type: Annotated[SetType | None, typer.Option("--type", help="How it was done.")] = None,
    warmup: Annotated[bool, typer.Option("--warmup", "-w", help="The same as --type warmup.")] = False,
    failure: Annotated[bool, typer.Option("--failure", help="Went to failure.")] = False,
    unit: Annotated[WeightUnit | None, typer.Option(help="Unit of weights without one.")] = None,
    per_hand: Annotated[bool, typer.Option("--per-hand", help="The weight is that of one of two dumbbells.")] = False,
    side: Annotated[Side | None, typer.Option(help="The side that worked.")] = None,
    rest: Annotated[float | None, typer.Option(min=0, help="Rest before it, in seconds.")] = None,
    note: Annotated[str | None, typer.Option(help="A note.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Log one or more sets, and hear at once when one is a record."""
    check_effort(rpe, rir)
    if warmup and set_type not in (None, SetType.WARMUP):
        raise Contradiction(f"--warmup is a type of its own: leave out --warmup, or --type {set_type}")
    log = Log()
    performed = [once for text in sets for once in read_sets(text)]
    said = {
        "rpe": decimal(rpe),
        "rir": decimal(rir),
        "set_type": SetType.WARMUP if warmup else set_type,
        "to_failure": True if failure else None,
        "side": side,
        "rest_s": decimal(rest),
        "notes": note,
    }
    with log.alone():
        chosen = resolve(exercise, log.projection.exercises, _done(log))
        moment = log.done_at(at)
        current = _going_on(log, moment)
        if current and training.began_long_after(log.projection, current, moment):
            raise Already(
                f"{local(moment, log.zone)} is long before {_named(log, current)}, which is still going on; "
                "`hypertrophy end` ends it, then a set of that time begins a workout of its own"
            )
        workout_id = current or new_id()
        common: dict[str, Any] = {field: value for field, value in said.items() if value is not None} | {
            "workout_id": workout_id,
            "exercise_id": chosen.exercise_id,
            "completed_at": moment,
        }
        events = [
            SetCompleted(
                set_id=new_id(), **common, **measured_fields(once, chosen.measure, unit or default_unit(log), per_hand)
            )
            for once in performed
        ]
        if current is None:
            _end_forgotten(log, moment)
            log.add([_started(log, workout_id, None, None, None, moment)], moment)
        log.add(events, moment)
    _report(log, chosen, events, current is None, as_json)


def _done(log: Log) -> frozenset[UUID]:
    return frozenset(entity.value("exercise_id") for (kind, _), entity in log.projection.state.items() if kind == "set")


def _report(log: Log, exercise: ExerciseRow, events: list[SetCompleted], started: bool, as_json: bool) -> None:
    ids = [event.set_id for event in events]
    if not as_json:
        if started:
            say(f"started a workout ({short(events[0].workout_id)})")
        elif (count := len(training.in_progress(log.projection))) > 1:
            say(f"into {_named(log, events[0].workout_id)}, the newest of {count} workouts in progress")
        rows = {row.set_id: row for row in log.projection.about(exercise.exercise_id).sets}
        for row in (rows[set_id] for set_id in ids if set_id in rows):
            say(told(row, log.projection.exercises))
    records = new_records(log.projection, exercise.exercise_id, ids)
    if as_json:
        print_json(
            {
                "workout_id": events[0].workout_id,
                "exercise_id": exercise.exercise_id,
                "exercise": exercise.name,
                "set_ids": ids,
                "records": [{**new.record.content(), "before": new.before} for new in records],
            }
        )
        return
    for new in records:
        say(f"record! {record_text(new, shown_in(log))}", bold=True, fg="green")


def _named(log: Log, workout_id: UUID) -> str:
    workout = log.projection.state["workout", workout_id]
    started = local(workout.value("started_at"), log.zone)
    return f"{workout.value('name') or 'the workout'} of {started} ({short(workout_id)})"


def record_text(new: NewRecord, units: ShownIn) -> str:
    row = new.record
    value = f"{RECORDS[row.kind.value]} {units.quantity(row.value, row.unit)}"
    at = f" at {units.quantity(row.load_kg, 'kg')}" if row.load_kg is not None else ""
    return value + at + (f" (before: {units.number(new.before, row.unit)})" if new.before is not None else "")


def end(
    note: Annotated[str | None, typer.Option(help="A note on the workout.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """End the workout in progress."""
    log = Log()
    with log.alone():
        workout_id = training.current_workout(log.projection)
        if workout_id is None:
            raise Already("no workout is going on; `hypertrophy start` begins one")
        forgotten = at is None and training.is_forgotten(log.projection, workout_id, log.now)
        moment = training.last_activity(log.projection, workout_id) if forgotten else log.done_at(at)
        check_order(log, log.projection.state["workout", workout_id].value("started_at"), moment)
        said = {} if note is None else {"notes": note}
        log.add([WorkoutEnded(workout_id=workout_id, ended_at=moment, **said)], moment)
    workout = training.find_workout(log.projection, workout_id.hex, log.zone)
    done = f"{counted(workout.set_count, 'set')}, {shown_in(log).quantity(workout.tonnage_kg, 'kg')}"
    name = f"{workout.name or 'the workout'} of {local(workout.started_at, log.zone)}"
    text = f"ended {name}: {done} in {duration(workout.duration_s)}"
    tell(workout, text, as_json, bold=True)
