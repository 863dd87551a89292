"""`./hypertrophy admin …`: accounts and keys, for whoever runs the server."""

from typing import Annotated
from urllib.parse import quote

import typer

from client.cli.asking import entered
from deploy.local.operations.running import AsJson, Data, operate
from deploy.local.output import tell
from shared.tokens import Role

admin = typer.Typer(
    name="admin", help="Accounts and keys, for whoever runs the server.", no_args_is_help=True, add_completion=False
)

Email = Annotated[str, typer.Argument(help="The account's address.")]
Password = Annotated[
    str | None, typer.Option(envvar="HYPERTROPHY_PASSWORD", help="Asked for, twice, when it is left out.")
]

ACCOUNT = {
    "made": "",
    "kept": "; the account existed already, its password stays",
    "taken_over": "; the account existed already, but its address was not verified: it has your password now, and "
    "all its sessions ended",
}


@admin.command()
def create(
    email: Email,
    password: Password = None,
    role: Annotated[list[Role] | None, typer.Option("--role", help="One or more; default: admin.")] = None,
    name: Annotated[str | None, typer.Option(help="The name to show.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Make an account with roles, or give one that exists further roles. If its address is verified its password stays;
    else it is taken over: the given password counts, and all its sessions end."""
    roles = [one.value for one in role or [Role.ADMIN]]
    body = {"email": email, "password": entered(password, twice=True), "display_name": name, "roles": roles}
    made = operate(data, lambda operator: operator.post("/internal/auth/admins", body))
    tell(made, f"{email} has the roles {', '.join(made['roles'])}{ACCOUNT[made['account']]}", as_json)


@admin.command("reset-password")
def reset_password(email: Email, password: Password = None, as_json: AsJson = False, data: Data = None) -> None:
    """Set an account's password, for servers without mail. All its sessions end."""
    path = f"/internal/auth/users/{quote(email, safe='')}/password"
    body = {"password": entered(password, twice=True)}
    made = operate(data, lambda operator: operator.post(path, body))
    tell(made, f"{email} has a new password, and must log in again everywhere", as_json)


@admin.command()
def invite(as_json: AsJson = False, data: Data = None) -> None:
    """Make a code with which one person can register where registration is by invitation."""
    made = operate(data, lambda operator: operator.post("/internal/auth/invites"))
    tell(made, f"{made['code']} (until {made['expires_at']})", as_json)


@admin.command("rotate-keys")
def rotate_keys(
    at_once: Annotated[
        bool, typer.Option("--at-once", help="End all access tokens now, instead of when they expire.")
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Sign access tokens with a new key from now on."""
    made = operate(data, lambda operator: operator.post("/internal/auth/keys/rotate", {"retire_at_once": at_once}))
    tell(made, f"new key {made['kid']}; {len(made['published'])} keys are published", as_json)
