"""Hevy workouts: one row a set, the sets of an exercise counted from 0."""

from client.importing.cells import Cells
from client.importing.entries import Performance, SessionFacts, SetEntry
from client.importing.loads import Units
from shared.domains.workouts.events import SetType

COLUMNS = frozenset({"start time", "exercise title"})
_SET_TYPES = {
    "": SetType.NORMAL,
    "normal": SetType.NORMAL,
    "warmup": SetType.WARMUP,
    "dropset": SetType.DROP,
    "failure": SetType.FAILURE,
}


def read(cells: Cells, units: Units) -> SetEntry:
    """One row. Raises UnreadableRow."""
    cells.require("start time", "exercise title", *units.weights, "reps", "duration seconds")
    return SetEntry(
        line=cells.line,
        session=_session(cells),
        exercise=cells.required_name("exercise title"),
        ordinal=cells.text("set index"),
        performance=Performance(
            units.load(cells), cells.whole("reps"), units.metres(cells), cells.seconds("duration seconds")
        ),
        set_type=_set_type(cells),
        rpe=cells.rpe("rpe"),
        superset_id=_superset(cells.text("superset id")),
        notes=_notes(cells, "exercise notes"),
        remarks=cells.remarks,
    )


def _session(cells: Cells) -> SessionFacts:
    return SessionFacts(
        start=cells.time("start time"),
        name=cells.name("title"),
        end=cells.time_if_known("end time"),
        notes=_notes(cells, "description"),
    )


def _set_type(cells: Cells) -> SetType:
    written = cells.text("set type").casefold()
    if written not in _SET_TYPES:
        cells.remarks.append(f'the set type "{written}" is not known')
    return _SET_TYPES.get(written, SetType.NORMAL)


def _superset(text: str) -> int | str | None:
    """A number that is unique within the workout, from 0."""
    return int(text) if text.isdecimal() and len(text) <= 6 else text[:64] or None


def _notes(cells: Cells, column: str) -> str | None:
    """Hevy writes the end of a line in notes as a backslash and an n."""
    text = cells.notes(column)
    return None if text is None else text.replace("\\n", "\n").strip() or None
