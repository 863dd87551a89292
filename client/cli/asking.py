"""What a command asks for at the terminal."""

import sys

import typer


class NobodyToAsk(Exception):
    """There is no terminal."""


def entered(password: str | None, *, twice: bool = False) -> str:
    """The password that was given, else the one that is typed. Raises NobodyToAsk."""
    if password is not None:
        return password
    if not sys.stdin.isatty():
        raise NobodyToAsk("nobody can be asked for the password here: say --password, or set HYPERTROPHY_PASSWORD")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=twice))
