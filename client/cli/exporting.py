"""Moving out: export."""

from pathlib import Path
from typing import Annotated

import typer

from client.cli.opening import Log
from client.cli.output import AsJson, tell
from client.errors import NotFound
from client.files import replace_file

FORMATS = ("jsonl", "hevy", "markdown", "html")


class NotWritten(Exception):
    """A file that cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} was not written: {error.strerror or error}")


def export_(
    output: Annotated[Path | None, typer.Argument(help="The file to write; default: to the terminal.")] = None,
    form: Annotated[
        str | None, typer.Option("--format", "-f", help="jsonl (everything), hevy (CSV), markdown, html.")
    ] = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="For reports; default: this month.")] = None,
    as_json: AsJson = False,
) -> None:
    """Export everything, a table for other apps, or the report of a month."""
    log = Log(reading=True)
    chosen = form or _form_of(output)
    if as_json and output is None and chosen != "jsonl":
        raise NotFound(f"{chosen} is no JSON: --json tells of the file that is written, so name one")
    text = _written(log, chosen, month)
    if output is None:
        typer.echo(text.encode(), nl=False)  # the same as in a file, whatever this terminal writes
        return
    _replace(output, text)
    size = len(text.encode())
    written = {"file": str(output), "format": chosen, "bytes": size}
    tell(written, f"wrote {output} ({chosen}, {size / 1000:.0f} kB)", as_json)


def _replace(output: Path, text: str) -> None:
    """In one step: an export that fails leaves the one before as it was.

    Raises:
        NotWritten
    """
    try:
        if output.exists() and not output.is_file():  # a terminal, or a pipe
            output.write_text(text, encoding="utf-8")
        else:
            replace_file(output, text)
    except OSError as error:
        raise NotWritten(output, error) from error


def _form_of(output: Path | None) -> str:
    by_ending = {".csv": "hevy", ".md": "markdown", ".html": "html"}
    return by_ending.get(output.suffix.casefold(), "jsonl") if output else "jsonl"


def _written(log: Log, form: str, month: str | None) -> str:
    match form:
        case "jsonl" | "hevy" | "csv" if month is not None:
            raise NotFound(f"--month is for reports, and {form} holds everything: say `-f markdown` or `-f html`")
        case "jsonl":
            from client.exporting.lines import write_lines

            return "".join(f"{line}\n" for line in write_lines(log.queue, log.pulled, log.projection, log.now))
        case "hevy" | "csv":
            from client.exporting.hevy import write_table

            return write_table(log.projection, log.zone)
        case "markdown" | "md" | "html":
            return _month_report(log, form, month)
        case _:
            raise NotFound(f'there is no format "{form}"; there are {", ".join(FORMATS)}')


def _month_report(log: Log, form: str, text: str | None) -> str:
    from client.exporting.markdown import markdown
    from client.exporting.month import month_of, read_month
    from client.exporting.page import page

    first = read_month(text or log.now.astimezone(log.zone).strftime("%Y-%m"))
    found = month_of(log.projection, first, log.zone)
    return page(found, log.zone) if form == "html" else markdown(found, log.zone)
