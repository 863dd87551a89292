"""From bytes to rows: encodings, delimiters, quotes, and the names of columns."""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from client.importing.errors import UnknownExport
from client.importing.export import Skipped

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = (",", ";", "\t")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line where it starts, and its cells by column. `missing` columns had no cell at all."""

    line: int
    cells: Mapping[str, str]
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Table:
    """The columns by their normalised names, and every record, readable or not."""

    columns: tuple[str, ...]
    rows: tuple[Row | Skipped, ...]


def read_table(content: bytes, translations: Mapping[str, str]) -> Table:
    """The table in a CSV file. Raises UnknownExport where there is no header."""
    lines = _LINES.findall(_decode(content))
    first = next((number for number, line in enumerate(lines) if _is_header(line)), None)
    if first is None:
        raise UnknownExport("the file is empty")
    if lines[first].lstrip().startswith(("{", "[")):
        raise UnknownExport("this is JSON, but no export of ours")
    delimiter = max(_DELIMITERS, key=lines[first].count)
    header = next(csv.reader([lines[first]], delimiter=delimiter))
    columns = tuple(translations.get(name, name) for name in map(column_name, header))
    return Table(columns, tuple(_rows(lines, first + 1, delimiter, columns)))


def column_name(text: str) -> str:
    """`Weight (kg)`, `weight_kg` and `WEIGHT KG` are one column."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", plain))


def _decode(content: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace").replace("\x00", "")
    try:
        return content.decode("utf-8").replace("\x00", "")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace").replace("\x00", "")


def _is_header(line: str) -> bool:
    return bool(line.strip()) and not line.lower().startswith("sep=")


def _rows(lines: list[str], start: int, delimiter: str, columns: tuple[str, ...]) -> Iterator[Row | Skipped]:
    """Every record from `start` on. A broken quote costs the line on which it stands, not the rest of the file."""
    while start < len(lines):
        reader = csv.reader(iter(lines[start:]), delimiter=delimiter, strict=True)
        done = 0
        try:
            for cells in reader:
                if cells:
                    yield _row(start + done + 1, cells, columns)
                done = reader.line_num
            return
        except csv.Error:
            start += done
            yield _loose_row(start + 1, lines[start], delimiter, columns)
            start += 1


def _loose_row(line: int, text: str, delimiter: str, columns: tuple[str, ...]) -> Row | Skipped:
    """A line whose quotes are wrong, such as `"3 "heavy" sets"`: good enough if it has as many cells as it should."""
    try:
        cells = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as error:
        return Skipped(line, f"the row cannot be read: {error}")
    if len(cells) != len(columns):
        return Skipped(line, "the quotes in this row do not match")
    return _row(line, [cell.rstrip("\r\n") for cell in cells], columns)


def _row(line: int, cells: list[str], columns: tuple[str, ...]) -> Row | Skipped:
    if not any(cell.strip() for cell in cells):
        return Skipped(line, "the row is empty")
    if any(cell.strip() for cell in cells[len(columns) :]):
        return Skipped(line, f"the row has {len(cells)} cells where the header has {len(columns)}")
    return Row(line, dict(zip(columns, cells, strict=False)), frozenset(columns[len(cells) :]))
