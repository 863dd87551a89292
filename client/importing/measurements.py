"""Hevy body measurements: one row a day, a column for each place of the tape."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from client.importing import quantities
from client.importing.cells import Cells
from client.importing.errors import UnreadableRow
from client.importing.export import Measurement
from client.importing.times import in_utc
from shared.units import CM_PER_INCH, KG_PER_LB

_GIRTHS = {
    "neck": "neck",
    "shoulder": "shoulder",
    "chest": "chest",
    "left bicep": "left_bicep",
    "right bicep": "right_bicep",
    "left forearm": "left_forearm",
    "right forearm": "right_forearm",
    "abdomen": "abdomen",
    "waist": "waist",
    "hips": "hip",
    "left thigh": "left_thigh",
    "right thigh": "right_thigh",
    "left calf": "left_calf",
    "right calf": "right_calf",
}
_WEIGHTS = {"weight kg": "metric", "weight lbs": "imperial", "weight lb": "imperial"}
_LENGTHS = {"cm": "metric", "in": "imperial", "inches": "imperial", "": "metric"}
# Column -> the field of the event and the system of its unit (none for a percentage).
COLUMNS: dict[str, tuple[str, str | None]] = {
    "fat percent": ("fat_percent", None),
    **{column: ("weight", system) for column, system in _WEIGHTS.items()},
    **{
        f"{place} {unit}".strip(): (name, system)
        for place, name in _GIRTHS.items()
        for unit, system in _LENGTHS.items()
    },
}


@dataclass(frozen=True, slots=True)
class MeasurementEntry:
    """What one row says, at a wall-clock time."""

    line: int
    time: datetime
    units: str
    values: dict[str, Decimal]


def read(cells: Cells) -> MeasurementEntry:
    """One row. Raises UnreadableRow, also where nothing was measured."""
    time = cells.time("date")
    measured = {column: value for column in COLUMNS if (value := _value(cells, column))}
    if not measured:
        raise UnreadableRow("nothing was measured")
    systems = {system for column in measured if (system := COLUMNS[column][1])}
    units = "imperial" if systems == {"imperial"} else "metric"
    values = {COLUMNS[column][0]: _in_units(column, value, units) for column, value in measured.items()}
    return MeasurementEntry(cells.line, time, units, values)


def build_measurements(entries: Iterable[MeasurementEntry], zone: ZoneInfo) -> tuple[Measurement, ...]:
    """The measurements by their time. Two at one time are told apart by their occurrence."""
    seen: Counter[str] = Counter()
    measurements = []
    for entry in entries:
        key = entry.time.isoformat(timespec="seconds")
        measured_at = in_utc(entry.time, zone)
        measurements.append(Measurement(entry.line, key, seen[key], measured_at, entry.units, entry.values))
        seen[key] += 1
    return tuple(sorted(measurements, key=lambda measurement: (measurement.measured_at, measurement.occurrence)))


def _value(cells: Cells, column: str) -> Decimal | None:
    value = cells.decimal(column)
    if value is not None and value < 0:
        raise UnreadableRow(f"{column}: {value} is less than nothing")
    return quantities.tidy(value) if value else None


def _in_units(column: str, value: Decimal, units: str) -> Decimal:
    """A row that mixes both systems is converted to the metric one."""
    name, system = COLUMNS[column]
    if units == "imperial" or system != "imperial":
        return value
    return quantities.tidy(value * (KG_PER_LB if name == "weight" else CM_PER_INCH))
