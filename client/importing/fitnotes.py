"""FitNotes: one row a set, a day instead of a time, no names of workouts, and the order of rows is that of the sets."""

from collections import Counter
from datetime import datetime, time

from client.importing.cells import Cells
from client.importing.entries import Performance, SessionFacts, SetEntry
from client.importing.loads import Units

COLUMNS = frozenset({"date", "exercise"})
MEASURES = frozenset({"weight", "weight kg", "weight kgs", "weight lb", "weight lbs", "reps", "time"})
_NOON = time(12)


class Reader:
    """Counts the sets of an exercise on a day, for the file does not number them."""

    def __init__(self) -> None:
        self._sets: Counter[tuple[datetime, str]] = Counter()

    def read(self, cells: Cells, units: Units) -> SetEntry:
        """One row. Raises UnreadableRow."""
        cells.require("date", "exercise", *units.weights, "reps")
        start = datetime.combine(cells.time("date"), _NOON)
        exercise = cells.required_name("exercise")
        ordinal = self._sets[start, exercise]
        self._sets[start, exercise] += 1
        return SetEntry(
            line=cells.line,
            session=SessionFacts(start=start, name=None),
            exercise=exercise,
            ordinal=str(ordinal),
            performance=Performance(units.load(cells), cells.whole("reps"), units.metres(cells), cells.seconds("time")),
            notes=cells.notes("comment") or cells.notes("notes"),
            remarks=cells.remarks,
        )
