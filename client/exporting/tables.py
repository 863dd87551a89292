"""The tables of a month's report, in words; each form of the report draws them in its own way. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from client.clock import in_zone
from client.exporting.month import Month
from client.wording import RECORDS, amount, duration

_DAY = "%d %b"


class Table(NamedTuple):
    """Its headings, and under them its rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def records(month: Month, zone: ZoneInfo) -> Table:
    rows = [
        (name, RECORDS[row.kind.value], f"{amount(row.value)} {row.unit}", _day(row.achieved_at, zone))
        for name, row in month.records
    ]
    return Table(("exercise", "record", "value", "on"), rows)


def workouts(month: Month, zone: ZoneInfo, heading: str = "on", form: str = _DAY) -> Table:
    """When each began stands under the heading, in this form of `strftime`."""
    rows = [
        (
            in_zone(row.started_at, zone).strftime(form),
            row.name or "",
            str(row.set_count),
            amount(row.tonnage_kg, 0),
            duration(row.duration_s),
        )
        for row in month.workouts
    ]
    return Table((heading, "name", "sets", "kg", "time"), rows)


def body(month: Month, zone: ZoneInfo) -> Table:
    rows = [
        (_day(row.measured_at, zone), amount(row.weight_kg, 1), amount(row.body_fat_percent, 1))
        for row in month.measurements
    ]
    return Table(("on", "kg", "body fat %"), rows)


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return in_zone(moment, zone).strftime(_DAY)
