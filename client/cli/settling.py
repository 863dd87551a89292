"""Conflicts: what two devices said of one thing, and which of it shall count."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from client.cli.opening import Log
from client.cli.output import AsJson, local, print_json, say, short
from client.conflicts import Conflict, grouped, settling
from client.errors import NotFound
from client.ids import ends
from client.naming import name_of
from client.wording import counted
from shared.views.conflicts import ConflictRow

_ALL = "all"
_NONE = "no two devices say different things"
_EXERCISES = ("exercise_id", "merged_into")


def conflicts(
    reference: Annotated[str | None, typer.Argument(metavar="ID", help="The end of its id, or `all`.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="The value that counts is right.")] = False,
    take: Annotated[int | None, typer.Option(min=1, metavar="N", help="The other value with this number is.")] = None,
    field: Annotated[str | None, typer.Option(help="Settle only this field.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was changed on two devices that had not seen each other, or settle it."""
    log = Log()
    if not keep and take is None:
        _list(log, _meant(log, reference, field), as_json)
        return
    if reference is None or (take is not None and (keep or reference == _ALL)):
        raise NotFound("which one, and which value? `hypertrophy conflicts ID --keep`, or `--take N`")
    with log.alone():
        found = _meant(log, reference, field)
        chosen = [(one, one.kept() if take is None else one.taken(take)) for one in found]
        state = log.projection.state
        log.add([event for one, values in chosen for event in settling(one.key, values, state[one.key])])
    if as_json:
        settled = [{"entity": one.key[0], "entity_id": one.key[1], "values": values} for one, values in chosen]
        print_json(settled if reference == _ALL else settled[0])
        return
    if not chosen:
        say(_NONE)
    for one, values in chosen:
        said = ", ".join(f"{_words(name)} {_said(log, name, value)}" for name, value in values.items())
        say(f"settled {_name(log, one)}: {said}")


def _meant(log: Log, reference: str | None, field: str | None) -> list[Conflict]:
    return _all(log, field) if reference in (None, _ALL) else [_named(log, reference, field)]


def open_conflicts(log: Log) -> list[ConflictRow]:
    """Those of the log as it is now, which is not even folded where it has nothing of other devices."""
    return log.read().conflicts if log.pulled.count else []


def warning(rows: Iterable[ConflictRow]) -> str | None:
    """One line about open conflicts; None where there are none."""
    counts = Counter(conflict.key[0] for conflict in grouped(rows))
    if not counts:
        return None
    *most, last = (counted(count, entity) for entity, count in sorted(counts.items()))
    things = f"{', '.join(most)} and {last}" if most else last
    return f"{things} {'were' if counts.total() > 1 else 'was'} changed on two devices: `hypertrophy conflicts`"


def _all(log: Log, field: str | None) -> list[Conflict]:
    rows = log.projection.conflicts
    if field is not None and not (rows := [row for row in rows if row.field == field]):
        raise NotFound(f'"{field}" is in conflict nowhere; `hypertrophy conflicts` lists what is')
    return grouped(rows)


def _named(log: Log, reference: str, field: str | None) -> Conflict:
    found = [one for one in grouped(log.projection.conflicts) if ends(one.key[1], reference)]
    if len(found) != 1:
        raise NotFound(f'{len(found)} conflicts are meant by "{reference}"; `hypertrophy conflicts` lists them')
    return found[0] if field is None else found[0].about(field)


def _list(log: Log, found: list[Conflict], as_json: bool) -> None:
    if as_json:
        print_json([row for conflict in found for row in conflict.rows])
        return
    if not found:
        say(_NONE)
        return
    for conflict in found:
        say(f"{_name(log, conflict)}  ({short(conflict.key[1])})", bold=True)
        for row in conflict.rows:
            _show(log, row)
    say("`hypertrophy conflicts ID --keep` settles it as it counts, `--take N` otherwise; `all --keep` settles all")


def _show(log: Log, row: ConflictRow) -> None:
    values = [("counts", row.value, row.device_id, row.occurred_at)]
    for number, other in enumerate(row.others, start=1):
        written = UUID(other["device_id"]), datetime.fromisoformat(other["occurred_at"])
        values.append((f"--take {number}", other["value"], *written))
    for mark, value, device_id, moment in values:
        name = _words(row.field) if mark == "counts" else ""
        by = f"{_device(log, device_id)}, {local(moment, log.zone)}"
        say(f"  {name:12} {_said(log, row.field, value):12} {mark:9} {by}")


def _device(log: Log, device_id: UUID) -> str:
    return "this device" if device_id == log.queue.identity.device_id else f"device {str(device_id)[-12:]}"


def _name(log: Log, conflict: Conflict) -> str:
    """What people call it: `set of Bench Press (Barbell), 2026-11-21 18:05`."""
    entity, entity_id = conflict.key
    folded = log.projection.state[conflict.key]
    match entity:
        case "set":
            return f"set of {_exercise(log, folded.value('exercise_id'))}, {_moment(log, folded.value('completed_at'))}"
        case "workout":
            return f"workout {folded.value('name') or 'without a name'}, {_moment(log, folded.value('started_at'))}"
        case "exercise":
            return f"exercise {_exercise(log, entity_id)}"
        case "measurement":
            return f"measurement of {_moment(log, folded.value('measured_at'))}"
        case "template":
            return f"template {folded.value('name')}"
        case _:
            return entity


def _moment(log: Log, moment: datetime | None) -> str:
    return local(moment, log.zone) if moment else "?"


def _exercise(log: Log, exercise_id: UUID | None) -> str:
    return name_of(exercise_id, log.projection.exercises)


def _words(field: str) -> str:
    return field.removesuffix("_id").replace("_", " ")


def _said(log: Log, field: str, value: Any) -> str:
    """A value in JSON form, as people read it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str() if field in _EXERCISES:
            return _exercise(log, UUID(value))
        case str() if field.endswith("_at"):
            return local(datetime.fromisoformat(value), log.zone)
        case str():
            return value
        case list():
            return ", ".join(map(_planned, value))
        case _:
            return json.dumps(value, ensure_ascii=False)


def _planned(exercise: Mapping[str, Any]) -> str:
    """One exercise of a template: `Squat (Barbell) (sets 3, reps 5)`."""
    plan = ", ".join(f"{name} {value}" for name, value in exercise.items() if name not in ("exercise_id", "name"))
    return f"{exercise.get('name') or '?'} ({plan})"
