"""The law of every import: each row is imported or reported, whatever happened to the file."""

import csv
import io
from typing import Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from client.importing import Export, ImportedSet, UnknownExport, read_export
from client.importing.identifiers import measurement_id, set_id, workout_id
from shared.domains.body.events import BodyMeasurementRecorded, Units
from shared.domains.workouts.events import SetCompleted, WorkoutStarted
from tests.unit.client.importing.samples import (
    BERLIN,
    FITNOTES,
    HEVY,
    HEVY_MEASUREMENTS,
    STRONG_A,
    STRONG_B,
    STRONG_C,
)

HEADERS = st.sampled_from([STRONG_A, STRONG_B, STRONG_C, HEVY, FITNOTES, HEVY_MEASUREMENTS])
PLAUSIBLE = st.sampled_from(
    [
        "",
        "0",
        "1",
        "W",
        "Note",
        "Rest Timer",
        "8.0",
        "60,5",
        "-5",
        "18.143694800000002",
        "2024-11-28 17:36:08",
        "15 févr. 2025, 07:48",
        "15 Foo 2025, 07:48",
        "9999-12-31 23:59:59",
        "0001-01-01",
        "1h 10m",
        "km",
        "lbs",
        "Squat (Barbell)",
        "normal",
        "a\nb",
        'said "so"',
        "9" * 5000,
    ]
)
CELLS = st.one_of(PLAUSIBLE, st.text(max_size=12))
SAID = (
    *("reps", "weight", "weight_unit", "distance_m", "duration_s", "rpe", "set_type"),
    *("superset_id", "notes", "completed_at"),
)
Unit: TypeAlias = Literal["kg", "lb"]
UNITS: st.SearchStrategy[Unit | None] = st.sampled_from(["kg", "lb", None])


def written(header: str, rows: list[list[str]]) -> str:
    delimiter = ";" if header.count(";") > header.count(",") else ","
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return f"{header}\n{out.getvalue()}"


def accounted_for(export: Export) -> bool:
    lines = [performed.line for session in export.sessions for performed in session.sets]
    lines += [measurement.line for measurement in export.measurements]
    lines += [skipped.line for skipped in export.skipped]
    return len(lines) == len(set(lines)) == export.rows == export.imported_rows + len(export.skipped)


def as_events(export: Export) -> int:
    """How many events the export makes; the contract refuses what could not be stored."""
    events: list[object] = []
    for session in export.sessions:
        workout = workout_id(export.source, session.key)
        events.append(
            WorkoutStarted(workout_id=workout, started_at=session.started_at, name=session.name, notes=session.notes)
        )
        events += [as_event(workout, performed) for performed in session.sets]
    for measurement in export.measurements:
        values: dict[str, Any] = dict(measurement.values)
        events.append(
            BodyMeasurementRecorded(
                measurement_id=measurement_id(export.source, measurement.key, measurement.occurrence),
                measured_at=measurement.measured_at,
                units=Units(measurement.units),
                **values,
            )
        )
    return len(events)


def as_event(workout: UUID, performed: ImportedSet) -> SetCompleted:
    said = {name: getattr(performed, name) for name in SAID if getattr(performed, name) is not None}
    return SetCompleted(set_id=workout, workout_id=workout, exercise_id=workout, **said)


@given(HEADERS, st.lists(st.lists(CELLS, min_size=1, max_size=16), max_size=8), UNITS)
def test_every_row_of_strange_cells_is_imported_or_reported(
    header: str, rows: list[list[str]], unit: Unit | None
) -> None:
    export = read_export(written(header, rows).encode("utf-8", "replace"), unit=unit, time_zone=BERLIN)

    assert accounted_for(export)
    assert export.rows == len(rows)
    assert as_events(export) == len(export.sessions) + export.imported_rows


GOOD_ROW = {
    STRONG_A: '2024-11-28 17:36:08,"B",35m,"Squat (Barbell)",{order},60,5,0,0,,,',
    STRONG_B: '2024-11-28 17:36:08;"B";"Squat (Barbell)";{order};60;kg;5;;;;0;"";"note";58m',
    HEVY: '"B","15 Sep 2025, 07:48","15 Sep 2025, 09:13","","Squat (Barbell)",,"",{order},"normal",60,5,,0,9',
    FITNOTES: "2024-06-01,Squat,Legs,60,5,,,,{order}",
}


@given(st.sampled_from(sorted(GOOD_ROW)), UNITS, st.data())
def test_every_row_with_a_few_strange_cells_is_imported_or_reported(
    header: str, unit: Unit | None, data: st.DataObject
) -> None:
    rows = []
    for order in range(1, data.draw(st.integers(2, 5))):
        delimiter = ";" if header == STRONG_B else ","
        (cells,) = csv.reader([GOOD_ROW[header].format(order=order)], delimiter=delimiter)
        strange = data.draw(st.dictionaries(st.integers(0, len(cells) - 1), CELLS, max_size=2))
        rows.append([strange.get(place, cell) for place, cell in enumerate(cells)])

    export = read_export(written(header, rows).encode("utf-8", "replace"), unit=unit, time_zone=BERLIN)

    assert accounted_for(export)
    assert as_events(export) == len(export.sessions) + export.imported_rows


@given(st.sampled_from(sorted(GOOD_ROW)), st.data())
def test_every_row_of_a_mangled_file_is_imported_or_reported(header: str, data: st.DataObject) -> None:
    text = "\n".join([header, *(GOOD_ROW[header].format(order=order) for order in range(1, 8))])
    body = len(header) + 1
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(body, len(text)))
        cut = data.draw(st.integers(0, 30))
        text = (
            text[:at]
            + data.draw(st.sampled_from(["", '"', ",", ";", "\n", "\r", "\x00", "é", '""']))
            + text[at + cut :]
        )

    assert accounted_for(read_export(text.encode(), unit=None, time_zone=BERLIN))


@given(st.binary(max_size=400))
def test_any_bytes_are_an_export_or_refused_by_name(content: bytes) -> None:
    try:
        export = read_export(content, unit=None, time_zone=BERLIN)
    except UnknownExport:
        return
    assert accounted_for(export)


@given(st.permutations(range(12)), st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"]))
def test_the_order_of_rows_and_the_time_zone_change_no_identity(order: list[int], zone: str) -> None:
    rows = [GOOD_ROW[STRONG_A].format(order=place) for place in ("W", "W", *range(1, 9), "D", "F")]

    def identities(rows: list[str], zone: str) -> set[object]:
        export = read_export("\n".join([STRONG_A, *rows]).encode(), unit="kg", time_zone=ZoneInfo(zone))
        return {
            set_id(export.source, session.key, performed.exercise_name, performed.ordinal, performed.occurrence)
            for session in export.sessions
            for performed in session.sets
        }

    assert identities([rows[place] for place in order], zone) == identities(rows, "UTC")
    assert len(identities(rows, zone)) == 12
