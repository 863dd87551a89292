"""How commands speak: tables for people, one JSON value a command for programs."""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from client.clock import in_zone
from client.wording import amount, counted, duration, exact_duration, harmless, words
from shared.views.rows import Row, json_form

if TYPE_CHECKING:
    from shared.views.exercises import Exercises

# The columns of text, by their headings, and how narrow they become at most; between columns there is a gap.
_TEXT = dict.fromkeys(("name", "exercise", "exercises", "also", "how", "note"), 10) | {"reason": 30}
_GAP = 2

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def print_json(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, default=json_value)
    # JSON escapes the control codes of ASCII; terminals know more of them, and half a character is none in UTF-8.
    escaped = re.sub("[\x7f-\x9f\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    typer.echo(escaped.encode())  # programs read UTF-8, whatever this terminal writes


def tell(value: Any, text: str, as_json: bool, **style: Any) -> None:
    """The value as JSON, or one line about it."""
    if as_json:
        print_json(value)
    else:
        say(text, **style)


def json_value(value: Any) -> Any:
    return value.content() if isinstance(value, Row) else json_form(value)


def say(text: str, *, err: bool = False, **style: Any) -> None:
    """One line, without markup; styled where NO_COLOR (https://no-color.org) is not set."""
    text = harmless(text)
    styled = style and not os.environ.get("NO_COLOR")
    typer.echo(typer.style(text, **style) if styled else text, err=err)


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table without its empty columns, nothing where there are only those; numbers are aligned to the right.

    Where the terminal is too narrow, text is wrapped; numbers, dates and ids stay whole, if need be beyond its edge.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [(name, cells) for name, *cells in zip(columns, *_cells(rows), strict=True) if any(cells)]
    if not shown:
        return
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    console, needed = Console(highlight=False), 0
    for name, cells in shown:
        widest = max(map(cell_len, (*name.splitlines(), *cells)))
        least = min(widest, _TEXT.get(name, widest))
        justify: Literal["left", "right"] = "right" if all(map(_is_number, filter(None, cells))) else "left"
        made.add_column(name, justify=justify, no_wrap=name not in _TEXT, min_width=least, overflow="fold")
        needed += least + _GAP
    for line in zip(*(cells for _, cells in shown), strict=True):
        made.add_row(*map(Text, line))
    if title is not None:
        say(title, bold=True)
    console.width = max(console.width, needed)
    console.print(made)


def _cells(rows: Iterable[Sequence[Any]]) -> list[list[str]]:
    return [[cell(value) for value in row] for row in rows]


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace("-", "").isdecimal()


def cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return amount(value)
        case StrEnum():
            return words(value)
        case _:
            return harmless(str(value))


def short(entity_id: UUID) -> str:
    """The end of an id: enough to tell one entity from another, and to name it in a command."""
    return entity_id.hex[-6:]


def local(moment: datetime, zone: ZoneInfo, form: str = "%Y-%m-%d %H:%M") -> str:
    return in_zone(moment, zone).strftime(form)


def described(row: Any) -> str:
    """A set as people write it: `5 x 100 kg`, `60 s`, `8 x body + 20 kg`."""
    load, parts = _load(row), []
    if row.reps is not None:
        parts.append(f"{row.reps}" if load else counted(row.reps, "rep"))
    if row.duration_s is not None:
        parts.append(exact_duration(row.duration_s))
    if row.distance_m is not None:
        parts.append(f"{amount(row.distance_m)} m")
    done = " · ".join(parts)
    return f"{done} x {load}" if done and load else done or load


def manner(row: Any) -> str:
    """How a set was done, as far as that is not the usual way: `drop, to failure`."""
    parts = [
        "" if row.set_type.value == "normal" else words(row.set_type.value),
        "to failure" if row.to_failure else "",
        f"side: {row.side.value}" if row.side else "",
        f"rest {duration(row.rest_s)}" if row.rest_s is not None else "",
    ]
    return ", ".join(filter(None, parts))


def told(row: Any, exercises: "Exercises") -> str:
    """All that was said of a set, with the exercise and the end of its id."""
    known = exercises.get(row.exercise_id)
    name = known.name if known and known.name else "a set"
    return "  ".join(
        filter(None, (name, described(row), effort(row), manner(row), row.notes, f"({short(row.set_id)})"))
    )


def _load(row: Any) -> str:
    entered: Mapping[str, Any] | None = row.entered
    weight = f"{amount(Decimal(str(entered['weight'])))} {entered['unit']}" if entered else ""
    match row.load_basis.value:
        case "bodyweight":
            return f"body + {weight}" if weight else "body"
        case "assisted":
            return f"body - {weight}" if weight else "body"
        case "per_hand":
            return f"2 x {weight}" if weight else ""
        case _:
            return weight


def effort(row: Any) -> str:
    if row.rpe is not None:
        return f"RPE {amount(row.rpe)}"
    return f"RIR {amount(row.rir)}" if row.rir is not None else ""
