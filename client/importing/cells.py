"""One row, read cell by cell: what cannot be read is an error for the row, or a remark where it does not matter."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from client.importing import quantities
from client.importing.errors import UnreadableRow
from client.importing.tables import Row
from client.importing.times import local_time

T = TypeVar("T")
LONGEST_NAME = 200
LONGEST_NOTES = 10_000


class Cells:
    """The cells of one row by their columns. `remarks` gathers what was passed over."""

    def __init__(self, row: Row, zone: ZoneInfo) -> None:
        self.line = row.line
        self.remarks: list[str] = []
        self._row = row
        self._zone = zone

    def require(self, *columns: str) -> None:
        """Refuses a row that was cut off before one of these columns, where the file has it."""
        if cut := sorted(self._row.missing.intersection(columns)):
            raise UnreadableRow(f"the row ends before its {', '.join(cut)}")

    def text(self, column: str) -> str:
        """The cell without spaces around it; empty where the file has no such column."""
        return self._row.cells.get(column, "").strip()

    def name(self, column: str) -> str | None:
        """A name in one line. Longer than anybody writes is cut."""
        text = " ".join(self.text(column).split())
        if len(text) > LONGEST_NAME:
            self.remarks.append(f"the {column} was cut to {LONGEST_NAME} characters")
        return text[:LONGEST_NAME].strip() or None

    def required_name(self, column: str) -> str:
        """A name without which the row means nothing."""
        name = self.name(column)
        if name is None:
            raise UnreadableRow(f"the {column} is empty")
        return name

    def notes(self, column: str) -> str | None:
        """Free text, with its lines."""
        text = self.text(column).replace("\r\n", "\n")
        if len(text) > LONGEST_NOTES:
            self.remarks.append(f"the {column} were cut to {LONGEST_NOTES} characters")
        return text[:LONGEST_NOTES] or None

    def time(self, column: str) -> datetime:
        """A wall-clock time that must be there."""
        if not self.text(column):
            raise UnreadableRow(f"the {column} is empty")
        return self._read(column, lambda text: local_time(text, self._zone))

    def time_if_known(self, column: str) -> datetime | None:
        """A wall-clock time that may be missing or unreadable."""
        if not self.text(column):
            return None
        return self._tried(column, lambda text: local_time(text, self._zone))

    def decimal(self, column: str) -> Decimal | None:
        return self._read(column, quantities.number)

    def whole(self, column: str) -> int | None:
        return self._read(column, quantities.whole)

    def seconds(self, column: str) -> Decimal | None:
        """The duration of a set; none where it says 0."""
        return self._read(column, quantities.seconds) or None

    def seconds_if_known(self, column: str) -> Decimal | None:
        """The duration of a workout: the row is worth having without it."""
        return self._tried(column, quantities.seconds)

    def rpe(self, column: str) -> Decimal | None:
        """Effort from 1 to 10 in half steps; 0 says nothing."""
        return self._tried(column, _effort)

    def read(self, reason: str, action: Callable[[], T]) -> T:
        """The answer of an action whose ValueError is an error for this row."""
        try:
            return action()
        except ValueError as error:
            raise UnreadableRow(f"{reason}: {error}") from error

    def _read(self, column: str, parse: Callable[[str], T]) -> T:
        return self.read(column, lambda: parse(self.text(column)))

    def _tried(self, column: str, parse: Callable[[str], T | None]) -> T | None:
        try:
            return parse(self.text(column))
        except ValueError as error:
            self.remarks.append(f"{column}: {error}")
            return None


def _effort(text: str) -> Decimal | None:
    value = quantities.number(text)
    if not value:
        return None
    if not 1 <= value <= 10 or value * 2 % 1:
        raise ValueError(f"{text} is not an effort from 1 to 10 in half steps")
    return quantities.tidy(value)
