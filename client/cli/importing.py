"""Moving in: import."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from client import clock
from client.cli.entering import Contradiction, given
from client.cli.opening import Log
from client.cli.output import AsJson, print_json, say, table, tell
from client.errors import NotFound
from client.exporting.lines import OwnExport, is_ours, plan_lines, read_lines
from client.ids import ends, new_id
from client.importing import Export, UnitGuess, UnitNeeded, read_export
from client.imports import Known, Plan, begun, plan_import, taken_back, undo_import, undo_mark
from client.projections import recorded
from client.undo import IMPORTED
from client.wording import counted
from shared.domains.workouts.events import WeightUnit
from shared.fold import Key
from shared.registers import Stamp

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file holds and what of it the log lacks."""

    source: str
    workouts: int
    rows: int
    imported_rows: int
    skipped: tuple[Mapping[str, Any], ...]
    remarks: tuple[Mapping[str, Any], ...]
    plan: Plan

    def content(self, import_id: UUID, *, dry_run: bool) -> Mapping[str, Any]:
        return {
            "source": self.source,
            "workouts": self.workouts,
            "rows": self.rows,
            "imported_rows": self.imported_rows,
            "skipped": self.skipped,
            "remarks": self.remarks,
            "new_events": len(self.plan.drafts),
            "counts": self.plan.counts,
            "differing_rows": len(self.plan.left),
            "new_exercises": self.plan.new_exercises,
            "import_id": import_id if self.plan.drafts else None,
            "dry_run": dry_run,
        }


def import_(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="An export of another app, or ours."),
    ] = None,
    unit: Annotated[WeightUnit | None, typer.Option(help="Unit of weights, where the file does not say it.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Where it was logged; default: yours.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be imported.")] = False,
    undo: Annotated[
        str | None, typer.Option(metavar="IMPORT_ID", help="Take an import back, by its id, or `last`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import workouts and measurements from Strong, Hevy, FitNotes or an own export; twice is the same as once."""
    if undo is not None:
        said = {str(file): file, "--unit": unit, "--time-zone": time_zone, "--dry-run": dry_run or None}
        if others := given(said):
            raise Contradiction(f"--undo goes alone: leave out {', '.join(others)}")
        take_back(Log(), undo, as_json)
        return
    if file is None:
        raise NotFound("which file? `hypertrophy import FILE`")
    log = Log(reading=dry_run)
    content, import_id = file.read_bytes(), new_id()
    export = _read(log, content, unit, time_zone, dry_run)
    with log.alone(), _progress(not as_json, "importing"):
        preview = _preview(log, export, import_id, hashlib.sha256(content).hexdigest())
        if not dry_run:
            log.queue.append(preview.plan.drafts)
    if as_json:
        print_json(preview.content(import_id, dry_run=dry_run))
    else:
        _report(preview, import_id, dry_run)
        _tell_left(log, preview.plan.left)


def _progress(shown: bool, text: str) -> Any:
    """A bar that moves while work is done, where there is a terminal to show it on."""
    from contextlib import nullcontext

    if not shown or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    progress.add_task(text, total=None)
    return progress


def _read(
    log: Log, content: bytes, unit: WeightUnit | None, time_zone: str | None, dry_run: bool
) -> Export | OwnExport:
    """What the file holds. Asks for the unit where it does not say it."""
    with _progress(sys.stderr.isatty(), "reading"):
        if is_ours(content):
            return read_lines(content)
        zone = clock.zone(time_zone) if time_zone else log.zone
        export = read_export(content, unit=unit, time_zone=zone)
    if export.unit_guess is None or dry_run:
        return export
    unit = _asked(export.unit_guess)
    with _progress(sys.stderr.isatty(), "reading"):
        return read_export(content, unit=unit, time_zone=zone)


def _asked(guess: UnitGuess) -> WeightUnit:
    if not sys.stdin.isatty():
        raise UnitNeeded(guess.unit.value, guess.reason)
    question = f"The file does not say its unit of weight ({guess.reason}). kg or lb?"
    unit: WeightUnit = typer.prompt(question, default=guess.unit.value, value_proc=_unit, err=True)
    return unit


def _unit(text: str) -> WeightUnit:
    try:
        return WeightUnit(text.strip().casefold())
    except ValueError:
        raise typer.BadParameter(f'"{text}" is neither kg nor lb') from None


def _preview(log: Log, export: Export | OwnExport, import_id: UUID, file_hash: str) -> Preview:
    if isinstance(export, OwnExport):
        return _own(export, plan_lines(export, _known(log), import_id, file_hash, log.now))
    return _foreign(export, plan_import(export, _known(log), import_id, file_hash, log.now))


def _own(export: OwnExport, plan: Plan) -> Preview:
    bad = tuple({"line": line.number, "reason": line.reason} for line in export.lines if line.event is None)
    rows = len(export.lines)
    torn = {
        "line": rows + 1,
        "note": f"the file ends here, but it was written with {counted(export.announced, 'event')}",
    }
    remarks = (torn,) if rows < export.announced else ()
    return Preview("hypertrophy", export.workouts, rows, rows - len(bad), bad, remarks, plan)


def _foreign(export: Export, plan: Plan) -> Preview:
    return Preview(
        export.source.value,
        len(export.sessions),
        export.rows,
        export.imported_rows,
        tuple({"line": row.line, "reason": row.reason} for row in export.skipped),
        tuple({"line": row.line, "note": row.note} for row in export.remarks),
        plan,
    )


def _known(log: Log) -> Known:
    projection = log.projection
    imports = {entity_id for kind, entity_id in projection.state if kind == "import"}
    if not imports:
        return Known(projection.state, projection.exercises, frozenset())
    correlations = _correlations(log)
    imported = frozenset(stamp for stamp, correlation_id in correlations.items() if correlation_id in imports)
    back = taken_back(projection.state, correlations, imports)
    return Known(projection.state, projection.exercises, back, imported)


def _correlations(log: Log) -> Mapping[Stamp, UUID]:
    """The correlation ids of events, by their stamps."""
    ids = {event.event_id: event.correlation_id for event in log.events if event.correlation_id}
    return {r.stamp: ids[r.event_id] for r in recorded(log.queue, log.pulled) if r.event_id in ids}


def take_back(log: Log, reference: str, as_json: bool) -> None:
    """Undoes the import with this id, or the last one."""
    with log.alone():
        imports = _imports(log)
        found = imports[-1:] if reference == "last" else [one for one in imports if ends(one, reference)]
        if len(found) != 1:
            meant = counted(len(found), "import is", "imports are")
            raise NotFound(f'{meant} meant by "{reference}"; {len(imports)} can be undone')
        removals = undo_import(_created(log, found[0]), log.projection.state)
        log.add(removals, correlation_id=undo_mark(found[0]))
    removed = counted(len(removals), "entry", "entries")
    text = f"took the import back: {removed} removed; importing the file again brings them back"
    tell({"import_id": found[0], "new_events": len(removals)}, text, as_json)


def _imports(log: Log) -> list[UUID]:
    """The imports that were not taken back, in the order in which they were made, on whichever phone."""
    events = log.events
    marks = {event.correlation_id for event in events}
    finished = (event for event in events if event.event_type == IMPORTED)
    made = [event.correlation_id for event in sorted(finished, key=lambda one: (one.occurred_at, one.event_id))]
    return [one for one in dict.fromkeys(made) if one and undo_mark(one) not in marks]


def _created(log: Log, import_id: UUID) -> list[Key]:
    """What the import created or restored."""
    written = {event.event_id for event in log.events if event.correlation_id == import_id}
    return list(begun(one.event for one in recorded(log.queue, log.pulled) if one.event_id in written))


def _report(preview: Preview, import_id: UUID, dry_run: bool) -> None:
    plan = preview.plan
    counts = ", ".join(counted(count, name.removesuffix("s")) for name, count in plan.counts.items()) or "nothing new"
    rows = f"{preview.imported_rows} of {counted(preview.rows, 'row')}"
    say(f"{preview.source}: {counted(preview.workouts, 'workout')}, {rows}", bold=True)
    say(f"{'would write' if dry_run else 'wrote'} {counted(len(plan.drafts), 'event')}: {counts}")
    if preview.plan.new_exercises:
        say(f"new exercises of your own: {', '.join(preview.plan.new_exercises)}")
    if preview.skipped:
        table(
            f"Not imported: {counted(len(preview.skipped), 'row')}",
            ("line", "reason"),
            [(row["line"], row["reason"]) for row in preview.skipped[:_SHOWN]],
        )
    for remark in preview.remarks[:_SHOWN]:
        say(f"line {remark['line']}: {remark['note']}")
    if len(preview.skipped) > _SHOWN or len(preview.remarks) > _SHOWN:
        say("--json lists all of them")
    if preview.plan.drafts and not dry_run:
        say(f"`hypertrophy import --undo {import_id}` takes it back")


def _tell_left(log: Log, left: Sequence[Key]) -> None:
    """How many rows stay as they are, and of which import they came, so that it can be done again."""
    if not left:
        return
    rows = counted(len(left), "row differs", "rows differ")
    say(f"{rows} from what the log has, which was left as it is")
    before = next((one for one in reversed(_imports(log)) if not set(left).isdisjoint(_created(log, one))), None)
    if before:
        say(f"to take over what the file says: `hypertrophy import --undo {before}`, then import it again")
