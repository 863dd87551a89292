"""Strong: one row a set; three variants of the header, all matched by name.

A has no unit of weight, B a column for it, C has it in the name of the column.
"""

from client.importing.cells import Cells
from client.importing.entries import Entry, NoteEntry, Performance, SessionFacts, SetEntry
from client.importing.errors import UnreadableRow
from client.importing.loads import Units
from shared.domains.workouts.events import SetType

COLUMNS = frozenset({"date", "exercise name", "set order"})
GERMAN = {
    "datum": "date",
    "name der ubung": "exercise name",
    "reihenfolge festlegen": "set order",
    "gewicht": "weight",
    "gewichtseinheit": "weight unit",
    "wiederh": "reps",
    "entfernung": "distance",
    "entfernungseinheit": "distance unit",
    "sekunden": "seconds",
    "notizen": "notes",
    "workout notizen": "workout notes",
    "dauer": "duration",
    "workout dauer": "workout duration",
}
_MARKERS = {
    "w": ("W", SetType.WARMUP),
    "warm up": ("W", SetType.WARMUP),
    "warmup": ("W", SetType.WARMUP),
    "d": ("D", SetType.DROP),
    "drop set": ("D", SetType.DROP),
    "dropset": ("D", SetType.DROP),
    "f": ("F", SetType.FAILURE),
    "failure": ("F", SetType.FAILURE),
}
_DURATIONS = ("duration", "workout duration", "duration sec")


def variant(columns: frozenset[str]) -> str:
    """A, B or C."""
    if "weight unit" in columns:
        return "B"
    return "A" if "weight" in columns else "C"


def read(cells: Cells, units: Units) -> Entry:
    """One row. Raises UnreadableRow, also for the rows of rest timers."""
    cells.require("date", "exercise name", "set order", *units.weights, "reps", "seconds")
    session, exercise = _session(cells), cells.required_name("exercise name")
    order = cells.text("set order").casefold().replace("_", " ")
    if order == "note":
        return NoteEntry(cells.line, session, exercise, cells.notes("notes") or "")
    ordinal, set_type = _ordinal(order)
    return SetEntry(
        line=cells.line,
        session=session,
        exercise=exercise,
        ordinal=ordinal,
        performance=Performance(units.load(cells), cells.whole("reps"), units.metres(cells), cells.seconds("seconds")),
        set_type=set_type,
        rpe=cells.rpe("rpe"),
        notes=cells.notes("notes"),
        remarks=cells.remarks,
    )


def _session(cells: Cells) -> SessionFacts:
    durations = (cells.seconds_if_known(column) for column in _DURATIONS if cells.text(column))
    duration = next(durations, None)
    return SessionFacts(
        start=cells.time("date"),
        name=cells.name("workout name"),
        duration_s=None if duration is None else int(duration),
        notes=cells.notes("workout notes"),
    )


def _ordinal(order: str) -> tuple[str, SetType]:
    """The place of the set as the file has it, in one spelling: apps write `W` or `WARM_UP`, `1` or `1.0`."""
    if order == "rest timer":
        raise UnreadableRow("a rest timer, not a set")
    if order in _MARKERS:
        return _MARKERS[order]
    digits = order.removesuffix(".0")
    if not digits.isdecimal() or len(digits) > 9:
        raise UnreadableRow(f'the set order "{order}" is not known')
    return str(int(digits)), SetType.NORMAL
