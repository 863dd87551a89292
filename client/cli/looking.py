"""Looking back: log, show, stats, exercises."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any

import typer

from client import clock, training
from client.cli.entering import exercise_names
from client.cli.opening import Log
from client.cli.output import AsJson, described, effort, local, manner, print_json, say, short, table
from client.cli.units import ShownIn, shown_in
from client.clock import in_zone
from client.naming import name_of, resolve
from client.wording import RECORDS, amount, counted, duration, harmless, words
from shared.domains.workouts.status import WorkoutStatus
from shared.views.exercises import Exercises
from shared.views.progress import ProgressRow, progress
from shared.views.sets import SetRow
from shared.views.workouts import WorkoutRow

Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]


def log_(
    limit: Limit = 20,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
    as_json: AsJson = False,
) -> None:
    """List workouts, newest first."""
    log = Log(reading=True)
    everything = [row for row in log.projection.workouts if row.status is not WorkoutStatus.DISCARDED]
    found = [
        (number, row)
        for number, row in enumerate(everything, start=1)
        if (since is None or row.started_at >= log.time(since)) and (until is None or row.started_at < log.time(until))
    ][:limit]
    if as_json:
        print_json([row for _, row in found])
        return
    if not found:
        say("no workouts in that time" if everything else "no workouts yet; `hypertrophy start` begins one")
        return
    units = shown_in(log)
    table(
        None,
        ("", "started", "name", "sets", units.unit("kg"), "time", "id"),
        [
            (
                number,
                local(row.started_at, log.zone),
                row.name or "",
                row.set_count,
                units.number(row.tonnage_kg, "kg", 0),
                _time(row),
                short(row.workout_id),
            )
            for number, row in found
        ],
    )


def show(
    workout: Annotated[str | None, typer.Argument(help="Its day, the end of its id, or its place in `log`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a workout with its sets; without an argument the current or last one."""
    log = Log(reading=True)
    row = training.find_workout(log.projection, workout, log.zone)
    sets = log.projection.sets_of(row.workout_id)
    if as_json:
        print_json({**row.content(), "sets": [_with_name(done, log.projection.exercises) for done in sets]})
        return
    say(f"{row.name or 'Workout'}  {local(row.started_at, log.zone)}  {_state(row, shown_in(log))}", bold=True)
    if row.notes:
        say(row.notes)
    table(
        None,
        ("", "exercise", "set", "effort", "how", "note", "id"),
        [
            (
                number,
                name_of(done.exercise_id, log.projection.exercises),
                described(done),
                effort(done),
                manner(done),
                done.notes or "",
                short(done.set_id),
            )
            for number, done in enumerate(sets, start=1)
        ],
    )


def _state(row: WorkoutRow, units: ShownIn) -> str:
    return f"{counted(row.set_count, 'set')}, {units.quantity(row.tonnage_kg, 'kg', 0)}, {_time(row)}"


def _time(row: WorkoutRow) -> str:
    """How long it took; where that is not known, its status."""
    return duration(row.duration_s) or words(row.status.value)


def _with_name(row: SetRow, exercises: Exercises) -> dict[str, Any]:
    return {**row.content(), "exercise": name_of(row.exercise_id, exercises)}


def stats(
    exercise: Annotated[
        str | None,
        typer.Argument(help="Its progress and records; without it the weeks.", autocompletion=exercise_names),
    ] = None,
    weeks: Annotated[int, typer.Option(min=1, max=520, help="How many of the latest weeks with training.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Show weekly sets by muscle, or the strength trend of one exercise."""
    log = Log(reading=True)
    if exercise is None:
        _weekly(log, weeks, as_json)
        return
    chosen = resolve(exercise, log.projection.exercises, (row.exercise_id for row in log.projection.sets))
    about = log.projection.about(chosen.exercise_id)
    series = progress(chosen.exercise_id, (row for row in about.sets if row.exercise_id == chosen.exercise_id))
    records = [row for row in about.records if row.exercise_id == chosen.exercise_id]
    if as_json:
        print_json({"exercise": chosen.name, "exercise_id": chosen.exercise_id, "progress": series, "records": records})
        return
    if not series:
        say(f"{chosen.name} was never done")
        return
    units = shown_in(log)
    _plot(chosen.name or "", series, log, units)
    best = [row for row in records if row.load_kg is None]
    table(
        "Records",
        ("", "value", "", "on"),
        [
            (
                RECORDS[row.kind.value],
                units.number(row.value, row.unit),
                units.unit(row.unit),
                local(row.achieved_at, log.zone, "%Y-%m-%d"),
            )
            for row in sorted(best, key=lambda row: list(RECORDS).index(row.kind.value))
        ],
    )


def _weekly(log: Log, weeks: int, as_json: bool) -> None:
    rows = log.projection.weeks[-weeks:]
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("no week holds a workout yet")
        return
    total: Counter[str] = Counter()
    for row in rows:
        total.update({muscle: float(count) for muscle, count in row.hard_sets.items()})
    table(
        "Hard sets a week by muscle",
        _heads([row.week for row in rows], in_zone(clock.now(), log.zone).strftime("%G")),
        [
            (words(muscle), *(amount(row.hard_sets.get(muscle, Decimal(0)), 1) for row in rows))
            for muscle, _ in total.most_common()
        ],
    )
    units = shown_in(log)
    weight = units.unit("kg")
    table(
        "Weeks",
        ("week", "workouts", "sets", weight, "time", "RPE", f"body {weight}", "streak"),
        [
            (
                row.week,
                row.workouts,
                row.sets,
                units.number(row.tonnage_kg, "kg", 0),
                duration(row.duration_s),
                amount(row.average_rpe, 1),
                units.number(row.body_weight_kg, "kg", 1),
                row.streak_weeks,
            )
            for row in rows
        ],
    )


def _heads(weeks: Sequence[str], this_year: str) -> Sequence[str]:
    """`W48`, below its year where that begins, unless all are of this year."""
    if all(week.startswith(this_year) for week in weeks):
        return ["muscle", *(week[5:] for week in weeks)]
    begun = [(week[:4] if week[:4] != before[:4] else "", week[5:]) for before, week in pairwise(["", *weeks])]
    return ["\nmuscle", *map("\n".join, begun)]


def _plot(name: str, series: list[ProgressRow], log: Log, units: ShownIn) -> None:
    """The estimated one-rep max over time; volume where nothing tells a maximum."""
    from client.cli.plotting import plot

    strength = [(row.completed_at, row.e1rm_kg) for row in series if row.e1rm_kg is not None]
    values = strength or [(row.completed_at, row.volume_kg) for row in series]
    points = [(in_zone(moment, log.zone).date(), float(units.value(value, "kg"))) for moment, value in values]
    shown = "estimated one-rep max" if strength else "volume"
    drawing = plot(f"{harmless(name)}: {shown}, {units.unit('kg')}", points)
    for line in drawing.splitlines():
        say(line)
