"""The whole way of a file: sniff, choose the format by its columns, read every row, build sessions."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from client.importing import fitnotes, hevy, measurements, strong
from client.importing.cells import Cells
from client.importing.entries import Entry, SetEntry
from client.importing.errors import UnknownExport, UnreadableRow
from client.importing.export import Export, Remark, Skipped, Source
from client.importing.loads import Units, units_of
from client.importing.sessions import build_sessions
from client.importing.tables import Row, Table, read_table
from shared.domains.workouts.events import WeightUnit

T = TypeVar("T")
RowReader = Callable[[Cells, Units], Entry]


def read_export(content: bytes, *, unit: WeightUnit | Literal["kg", "lb"] | None, time_zone: ZoneInfo) -> Export:
    """What the file holds. `unit` is for files that do not say theirs; without it `unit_guess` says what was assumed.

    Raises UnknownExport.
    """
    table = read_table(content, strong.GERMAN)
    columns = frozenset(table.columns)
    known = None if unit is None else WeightUnit(unit)
    if columns >= hevy.COLUMNS:
        return _workouts(table, Source.HEVY, None, hevy.read, known, time_zone)
    if columns >= strong.COLUMNS:
        return _workouts(table, Source.STRONG, strong.variant(columns), strong.read, known, time_zone)
    if columns >= fitnotes.COLUMNS and columns & fitnotes.MEASURES:
        return _workouts(table, Source.FITNOTES, None, fitnotes.Reader().read, known, time_zone)
    if "date" in columns and columns & measurements.COLUMNS.keys():
        return _measurements(table, time_zone)
    said = ", ".join(table.columns[:8])
    raise UnknownExport(f"this is no export that is understood; its first line says: {said}")


def _workouts(
    table: Table, source: Source, variant: str | None, read: RowReader, unit: WeightUnit | None, zone: ZoneInfo
) -> Export:
    units = units_of(table, unit)
    entries, unreadable = _read_rows(table.rows, zone, lambda cells: read(cells, units))
    sessions, skipped = build_sessions(entries, zone, has_time=source is not Source.FITNOTES)
    sets = [entry for entry in entries if isinstance(entry, SetEntry)]
    return Export(
        source=source,
        variant=variant,
        time_zone=zone.key,
        rows=len(table.rows),
        sessions=sessions,
        skipped=_by_line([*unreadable, *skipped]),
        remarks=tuple(Remark(entry.line, note) for entry in sets for note in entry.remarks),
        unit_guess=units.guess,
    )


def _measurements(table: Table, zone: ZoneInfo) -> Export:
    entries, unreadable = _read_rows(table.rows, zone, measurements.read)
    return Export(
        source=Source.HEVY_MEASUREMENTS,
        variant=None,
        time_zone=zone.key,
        rows=len(table.rows),
        measurements=measurements.build_measurements(entries, zone),
        skipped=_by_line(unreadable),
    )


def _read_rows(
    rows: Sequence[Row | Skipped], zone: ZoneInfo, read: Callable[[Cells], T]
) -> tuple[list[T], list[Skipped]]:
    entries: list[T] = []
    skipped: list[Skipped] = []
    for row in rows:
        match row:
            case Skipped():
                skipped.append(row)
            case Row():
                try:
                    entries.append(read(Cells(row, zone)))
                except UnreadableRow as error:
                    skipped.append(Skipped(row.line, str(error)))
    return entries, skipped


def _by_line(skipped: Sequence[Skipped]) -> tuple[Skipped, ...]:
    return tuple(sorted(skipped, key=lambda row: row.line))
