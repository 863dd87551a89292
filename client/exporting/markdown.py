"""The report of a month as Markdown, with bars of characters."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from client.exporting import tables
from client.exporting.month import Month, Trend
from client.exporting.tables import Table
from client.wording import amount

_BAR = 30
_TRENDS = 6


def markdown(month: Month, zone: ZoneInfo) -> str:
    """The whole report."""
    return "\n".join(_lines(month, zone)) + "\n"


def _lines(month: Month, zone: ZoneInfo) -> Iterator[str]:
    yield f"# Training in {month.title}"
    yield ""
    yield month.summary
    yield from _section("Weeks", _bars((week.week, week.tonnage_kg, _kg(week.tonnage_kg)) for week in month.weeks))
    muscles = ((muscle.replace("_", " "), count, _sets(count)) for muscle, count in month.hard_sets)
    yield from _section("Hard sets by muscle", _bars(muscles))
    yield from _section("Strength", [line for trend in month.trends[:_TRENDS] for line in _trend(trend)])
    yield from _section("Records", _table(tables.records(month, zone)))
    yield from _section("Workouts", _table(tables.workouts(month, zone, "when", "%d %b %H:%M")))
    yield from _section("Body", _table(tables.body(month, zone)))


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"## {title}"
        yield ""
        yield from lines


def _sets(count: Decimal) -> str:
    return f"{amount(count, 1)} {'set' if count == 1 else 'sets'}"


def _kg(value: Decimal) -> str:
    return f"{amount(value, 1)} kg"


def _bars(items: Iterable[tuple[str, Decimal, str]]) -> list[str]:
    """Each with its label, its length, and what is written behind it."""
    values = list(items)
    if not values:
        return []
    widest = max(len(label) for label, _, _ in values)
    highest = max((value for _, value, _ in values), default=Decimal(0)) or Decimal(1)
    drawn = (
        f"{label:{widest}}  {'█' * int(value / highest * _BAR):{_BAR}}  {written}" for label, value, written in values
    )
    return ["```", *drawn, "```"]


def _trend(trend: Trend) -> Iterator[str]:
    first, last = trend.points[0][1], trend.points[-1][1]
    marks = "▁▂▃▄▅▆▇█"
    low, high = min(value for _, value in trend.points), max(value for _, value in trend.points)
    span = (high - low) or Decimal(1)
    line = "".join(marks[int((value - low) / span * 7)] for _, value in trend.points)
    yield f"- {trend.exercise}: `{line}` {amount(first, 1)} → {amount(last, 1)} kg estimated one-rep max"


def _table(table: Table) -> list[str]:
    if not table.rows:
        return []
    made = [table.columns, ["---"] * len(table.columns), *table.rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in made]
