"""`python -m client.cli`: loads the one command that is asked for, and turns errors into one helpful line."""

import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup, TyperOption
from typer.main import get_command

from client.cli.commands import COMMANDS, ELSEWHERE, Command
from client.wording import harmless, words

if TYPE_CHECKING:
    from sqlite3 import DatabaseError

    from pydantic import ValidationError

DEBUG = "HYPERTROPHY_DEBUG"


class LazyGroup(TyperGroup):
    """Lists the commands from the table, and imports a command's module only to run it."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args and (meant := ELSEWHERE.get(args[0])):
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{meant}'?")
        name, command, rest = super().resolve_command(ctx, args)
        found = next((entry for entry in COMMANDS if entry.name == name), None)
        return name, load(found) if found else command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


_type_of_value = TyperOption.display_type_rich


def type_in_help(option: TyperOption, ctx: Any) -> str | None:
    """What stands behind an option in its help: nothing behind a flag, which takes no value."""
    return None if option.is_flag else _type_of_value(option, ctx)


TyperOption.display_type_rich = type_in_help  # type: ignore[assignment, method-assign]  # its option class cannot be chosen


def load(command: Command) -> Any:
    """The command that the table's entry points at."""
    module, _, attribute = command.target.partition(":")
    target = getattr(import_module(module), attribute)
    if isinstance(target, typer.Typer):
        return get_command(target)
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(command.name)(target)
    return get_command(single)


def listed(command: Command) -> Callable[[], None]:
    """Stands for a command in the list; `LazyGroup` never runs it."""

    def placeholder() -> None:
        raise AssertionError(f"{command.name} was not loaded")

    return placeholder


def show_version(wanted: bool) -> None:
    if wanted:
        from client.version import version

        typer.echo(f"hypertrophy {version()}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """An offline-first workout tracker: log sets without signal, and never lose one."""


def create_app() -> typer.Typer:
    app = typer.Typer(
        name="hypertrophy",
        cls=LazyGroup,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    for command in COMMANDS:
        app.command(command.name, help=command.summary, rich_help_panel=command.panel)(listed(command))
    return app


def main() -> None:
    """Runs the command line. Exit codes: 1 for an error, 2 for wrong usage, 130 when interrupted."""
    _write_what_can_be()
    try:
        create_app()(prog_name="hypertrophy")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        complain(error)
        sys.exit(1)


def _write_what_can_be() -> None:
    """A character that the terminal has not is a ? there: it stops no command in the middle of a page."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def complain(error: Exception) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print(harmless(description(error)), style="red", markup=False, soft_wrap=True)


def description(error: Exception) -> str:
    """Named errors speak for themselves; a bare one of Python's is a fault of ours, so it says how to see more."""
    from sqlite3 import DatabaseError

    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return _refused(error)
    if isinstance(error, DatabaseError) and (told := _of_storage(error)):
        return told
    text = str(error) or type(error).__name__
    ours = type(error).__module__ != "builtins" or isinstance(error, OSError)
    return text if ours else f"unexpected {type(error).__name__}: {text} ({DEBUG}=1 shows where)"


def _refused(error: "ValidationError") -> str:
    """The first field that cannot be, and why."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = words(".".join(map(str, first["loc"])))
    reason = re.sub("^(Value error, |String |Input |Decimal input )", "", first["msg"])
    return f"{field}: {reason}" if field else reason


def _of_storage(error: "DatabaseError") -> str | None:
    """What is the matter with the log's file; None where it is a fault of ours."""
    from client.home import Home

    log, name = Home(make=False).log, getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return (
            f"the log {log} is damaged ({error}): move it away but keep it, "
            "then `hypertrophy account login` and `hypertrophy sync` fetch what the server has"
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")):
        return f"the log {log} cannot be written ({error}): nothing was logged; is the disk full or read-only?"
    if name.startswith("SQLITE_BUSY"):
        return f"another process does not let go of the log {log}: nothing was logged; try again when it is done"
    return None


if __name__ == "__main__":
    main()
