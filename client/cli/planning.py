"""What can be done: exercises and templates."""

from typing import Annotated, Any
from uuid import UUID

import typer

from client import training
from client.cli.entering import Already, printable
from client.cli.opening import Log
from client.cli.output import AsJson, print_json, say, short, table, tell
from client.errors import NotFound
from client.ids import new_id
from client.naming import ArchivedExercise, alternatives, known, named, near, resolve, resolve_archived
from client.notation import read_plan
from client.wording import counted, words
from shared.domains.exercises.catalogue import CATALOGUE
from shared.domains.exercises.events import (
    ExerciseArchived,
    ExerciseDefined,
    ExerciseRestored,
    ExercisesMerged,
    ExerciseUpdated,
)
from shared.domains.exercises.names import name_key
from shared.domains.exercises.vocabulary import Equipment, Measure, Muscle
from shared.domains.templates.events import PlannedExercise, TemplateRemoved, TemplateSaved
from shared.domains.workouts.events import Target
from shared.registry import DomainEvent
from shared.views.exercises import ExerciseRow
from shared.views.templates import TemplateRow

template = typer.Typer(no_args_is_help=True, add_completion=False, help="Save, list and remove templates of workouts.")


def exercises(
    query: Annotated[str | None, typer.Argument(help="A part of the name.")] = None,
    muscle: Annotated[Muscle | None, typer.Option(help="The muscle that it trains most.")] = None,
    equipment: Annotated[Equipment | None, typer.Option(help="What it is done with.")] = None,
    secondary: Annotated[list[Muscle] | None, typer.Option(help="With --add: muscles that help.")] = None,
    measure: Annotated[Measure | None, typer.Option(help="With --add: what is counted.")] = None,
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Define an exercise of your own.")] = None,
    rename: Annotated[str | None, typer.Option(metavar="NAME", help="Give the exercise QUERY another name.")] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Take the exercise QUERY off the list.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Put the archived exercise QUERY back.")] = False,
    merge_into: Annotated[str | None, typer.Option(metavar="NAME", help="QUERY and this are one and the same.")] = None,
    custom: Annotated[bool, typer.Option("--custom", help="Only your own.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find exercises, or define, rename, archive and merge them."""
    log = Log()
    texts, flags = {"--rename": rename, "--merge-into": merge_into}, {"--archive": archive, "--restore": restore}
    wanted = [option for option, value in texts.items() if value is not None]
    wanted += [option for option, is_set in flags.items() if is_set]
    if len(wanted) + (add is not None) > 1:
        raise Already("one change at a time: --add, --rename, --archive, --restore or --merge-into")
    if add is None and not wanted:
        _list(log, query, muscle, equipment, custom, as_json)
        return
    with log.alone():
        if add is not None:
            event, said = _defined(log, add, muscle, equipment, secondary, measure)
        elif query is not None:
            event, said = _change(log, query, rename, restore, merge_into)
        else:
            raise NotFound(f"which exercise? `hypertrophy exercises NAME {wanted[0]}`")
        log.add([event])
    tell({"event_type": event.event_type, **event.model_dump(mode="json", exclude_unset=True)}, said, as_json)


def _defined(
    log: Log,
    name: str,
    muscle: Muscle | None,
    equipment: Equipment | None,
    secondary: list[Muscle] | None,
    measure: Measure | None,
) -> tuple[DomainEvent, str]:
    _check_free(log, name)
    given = {"secondary": secondary or None, "equipment": equipment, "measure": measure}
    said = {field: value for field, value in given.items() if value is not None}
    trained = muscle or Muscle.OTHER
    event = ExerciseDefined(exercise_id=new_id(), name=name, muscle_category=trained, **said)  # type: ignore[arg-type]  # the event checks them
    return event, f'defined "{name}", which trains {trained.replace("_", " ")}'


def _check_free(log: Log, name: str, but: UUID | None = None) -> None:
    """Raises Unprintable, Already or ArchivedExercise for a name that says nothing, or that an exercise other than
    `but` has."""
    if not name_key(printable(name)):
        raise Already('an exercise needs a name: `hypertrophy exercises --add "Hill Carry" --muscle glutes`')
    exercises = log.projection.exercises
    taken = known(name, exercises) or named(name, exercises.values())
    if taken is None or taken.exercise_id == but:
        return
    if taken.archived:
        raise ArchivedExercise(taken.name or "")
    raise Already(f'"{name}" is known already: "{taken.name}"')


def _change(log: Log, query: str, rename: str | None, restore: bool, merge_into: str | None) -> tuple[DomainEvent, str]:
    """What is to be logged, and what it does in words."""
    exercises = log.projection.exercises
    found = resolve_archived(query, exercises) if restore else resolve(query, exercises)
    exercise_id, name = found.exercise_id, found.name
    if restore:
        return ExerciseRestored(exercise_id=exercise_id), f'"{name}" is back on the list'
    if rename is not None:
        _check_free(log, rename, but=exercise_id)
        return ExerciseUpdated(exercise_id=exercise_id, name=rename), f'renamed "{name}" to "{rename}"'
    if merge_into is not None:
        into = resolve(merge_into, exercises)
        if into.exercise_id == exercise_id:
            raise Already(f'"{name}" and "{merge_into}" are one and the same already')
        merged = ExercisesMerged(from_id=exercise_id, into_id=into.exercise_id)
        return merged, f'sets of "{name}" count as "{into.name}"; `hypertrophy undo` takes that back'
    said = f'archived "{name}" ({short(exercise_id)}); `hypertrophy exercises "{name}" --restore` puts it back'
    return ExerciseArchived(exercise_id=exercise_id), said


def _list(
    log: Log, query: str | None, muscle: Muscle | None, equipment: Equipment | None, custom: bool, as_json: bool
) -> None:
    everything = [row for row in log.projection.exercises.values() if row.listed]
    rows = sorted(
        (
            row
            for row in everything
            if _fits(row, query)
            and muscle in (None, row.muscle_category)
            and equipment in (None, row.equipment)
            and (row.custom or not custom)
        ),
        key=lambda row: row.name or "",
    )
    if as_json:
        print_json(rows)
        return
    if not rows:
        offered = alternatives(near(query, everything)) if query else ""
        say(f"nothing found{f'; did you mean {offered}?' if offered else ''}")
        return
    table(
        None,
        ("name", "muscle", "also", "equipment", "own"),
        [
            (row.name, row.muscle_category, words(", ".join(row.secondary)), row.equipment, "yes" if row.custom else "")
            for row in rows
        ],
    )


def _fits(row: ExerciseRow, query: str | None) -> bool:
    if query is None:
        return True
    built_in = CATALOGUE.get(row.exercise_id)
    names = (row.name or "", *(built_in.aliases if built_in else ()))
    words = name_key(query).split()
    return any(all(word in name_key(name) for word in words) for name in names)


@template.command("list")
def list_templates(as_json: AsJson = False) -> None:
    """List templates."""
    log = Log(reading=True)
    if as_json:
        print_json(log.projection.templates)
        return
    if not log.projection.templates:
        say("no templates yet; `hypertrophy template save NAME` makes one of the last workout")
        return
    rows = log.projection.templates
    table(None, ("name", "exercises", "id"), [(row.name, _exercises(log, row), short(row.template_id)) for row in rows])


def _exercises(log: Log, row: TemplateRow) -> str:
    known = log.projection.exercises
    return ", ".join(
        (exercise.name if (exercise := known.get(UUID(planned["exercise_id"]))) else planned.get("name")) or "?"
        for planned in row.exercises
    )


@template.command("save")
def save_template(
    name: Annotated[str, typer.Argument(help="Saved again under the same name, it is replaced.")],
    exercises: Annotated[
        list[str] | None, typer.Argument(metavar="[EXERCISE=SETSxREPS]…", help='"Bench Press=3x8" "Plank=3x60s"')
    ] = None,
    workout: Annotated[str | None, typer.Option("--from", help="The workout to make it of; default: the last.")] = None,
    as_json: AsJson = False,
) -> None:
    """Save a template from a workout, or from a list of exercises."""
    log, name = Log(), printable(name).strip()
    with log.alone():
        planned = [_planned(log, text) for text in exercises] if exercises else _of_workout(log, workout)
        same = [row.template_id for row in log.projection.templates if row.name.casefold() == name.casefold()]
        event = TemplateSaved(template_id=same[0] if same else new_id(), name=name, exercises=planned)
        log.add([event])
    text = f'saved "{name}" with {counted(len(planned), "exercise")}; `hypertrophy start --template "{name}"` begins it'
    tell(event.model_dump(mode="json", exclude_unset=True), text, as_json)


def _planned(log: Log, text: str) -> PlannedExercise:
    name, equals, plan = text.rpartition("=")
    exercise = resolve(name if equals else text, log.projection.exercises)
    said = _goal(plan.strip()) if equals else {}
    return PlannedExercise(exercise_id=exercise.exercise_id, name=exercise.name, **said)


def _goal(plan: str) -> dict[str, Any]:
    sets, each = read_plan(plan)
    timed = {"duration_s": each.duration_s, "distance_m": each.distance_m}
    target = {field: value for field, value in timed.items() if value is not None}
    said = {"sets": sets, "reps": each.reps, "target": Target.model_validate(target) if target else None}
    return {field: value for field, value in said.items() if value is not None}


def _of_workout(log: Log, reference: str | None) -> list[PlannedExercise]:
    """One entry for each exercise of the workout, in its order: how many working sets, and the reps of the first."""
    workout = training.find_workout(log.projection, reference, log.zone)
    by_exercise: dict[UUID, list[Any]] = {}
    for row in log.projection.sets_of(workout.workout_id):
        if row.working:
            by_exercise.setdefault(row.exercise_id, []).append(row)
    if not by_exercise:
        raise NotFound("the workout has no working sets to make a template of")
    known = log.projection.exercises
    return [
        PlannedExercise(
            exercise_id=exercise_id,
            name=found.name if (found := known.get(exercise_id)) else None,
            sets=len(rows),
            **({"reps": rows[0].reps} if rows[0].reps is not None else {}),
        )
        for exercise_id, rows in by_exercise.items()
    ]


@template.command("remove")
def remove_template(name: str, as_json: AsJson = False) -> None:
    """Remove a template."""
    log = Log()
    with log.alone():
        found = [row for row in log.projection.templates if row.name.casefold() == name.casefold()]
        if not found:
            raise NotFound(f'there is no template "{name}"; `hypertrophy template list` lists them')
        log.add([TemplateRemoved(template_id=found[0].template_id)])
    tell({"template_id": found[0].template_id}, "removed; `hypertrophy undo` brings it back", as_json)
