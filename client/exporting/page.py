"""The report of a month as one HTML file, with charts drawn as SVG; it loads nothing from anywhere."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

from client.exporting import tables
from client.exporting.month import Month, Trend
from client.exporting.tables import Table
from client.wording import amount

_WIDTH, _HEIGHT, _ROW = 640, 160, 22
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430 }
h1 { font-size: 1.6rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
td, th { text-align: left; padding: .2rem .6rem .2rem 0 }
tr + tr { border-top: 1px solid #e3e7ee } svg { width: 100%; height: auto } text { font: 12px system-ui, sans-serif }
@media (prefers-color-scheme: dark) { body { background: #12161d; color: #e6eaf2 } tr + tr { border-color: #2b3442 }
text { fill: #e6eaf2 } }
"""


def page(month: Month, zone: ZoneInfo) -> str:
    """The whole report."""
    title = f"Training in {escape(month.title)}"
    body = "".join(
        (
            _section("Weekly volume, kg", _bars((week.week, week.tonnage_kg) for week in month.weeks)),
            _section("Hard sets by muscle", _bars((name.replace("_", " "), count) for name, count in month.hard_sets)),
            _section("Estimated one-rep max, kg", "".join(map(_trend, month.trends[:6]))),
            _section("Records", _table(tables.records(month, zone))),
            _section("Workouts", _table(tables.workouts(month, zone))),
            _section("Body", _table(tables.body(month, zone))),
        )
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{escape(month.summary)}</p>{body}</body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _bars(items: Iterable[tuple[str, Decimal]]) -> str:
    values = list(items)
    if not values:
        return ""
    highest = max(value for _, value in values) or Decimal(1)
    rows = "".join(
        f'<text x="0" y="{place * _ROW + 15}">{escape(label)}</text>'
        f'<rect x="110" y="{place * _ROW + 3}" width="{float(value / highest * 440):.1f}" height="16" fill="#4c78dd"/>'
        f'<text x="{float(value / highest * 440) + 116:.1f}" y="{place * _ROW + 15}">{amount(value, 1)}</text>'
        for place, (label, value) in enumerate(values)
    )
    return f'<svg viewBox="0 0 {_WIDTH} {len(values) * _ROW + 4}" role="img" fill="currentColor">{rows}</svg>'


def _trend(trend: Trend) -> str:
    (first, start), (last, end) = trend.points[0], trend.points[-1]
    low, high = min(value for _, value in trend.points), max(value for _, value in trend.points)
    points = " ".join(_place(day, value, first, last, low, high) for day, value in trend.points)
    label = f"{trend.exercise}: {amount(start, 1)} → {amount(end, 1)}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT // 2 + 24}" role="img" fill="currentColor">'
        f'<text x="0" y="14">{escape(label)}</text>'
        f'<polyline points="{points}" fill="none" stroke="#4c78dd" stroke-width="2"/></svg>'
    )


def _place(day: date, value: Decimal, first: date, last: date, low: Decimal, high: Decimal) -> str:
    days, span = (last - first).days or 1, (high - low) or Decimal(1)
    x = (day - first).days / days * (_WIDTH - 10) + 5
    y = 24 + (1 - float((value - low) / span)) * (_HEIGHT / 2 - 10) + 5
    return f"{x:.1f},{y:.1f}"


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table><tr>{head}</tr>{lines}</table>"
