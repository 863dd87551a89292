"""An account: one log on several phones."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from client.answers import Refusal, Tokens
from client.cli.asking import entered
from client.cli.online import NotDone, Online, given, use_server, with_server
from client.cli.opening import Log
from client.cli.output import AsJson, print_json, say, table, tell
from client.credentials import Hindered
from client.decide import NAME_TAKEN, Stop
from client.ids import ends

account = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Register, log in and out, and see your devices."
)

Server = Annotated[str | None, typer.Option("--server", metavar="URL", help="The server's address; remembered.")]
Email = Annotated[str, typer.Argument(help="Your address.")]
Password = Annotated[str | None, typer.Option(envvar="HYPERTROPHY_PASSWORD", help="Asked for if not given.")]


def _opened(server: str | None) -> Log:
    log = Log()
    if server is not None:
        use_server(log, server)
    return log


def _report(tokens: Tokens, text: str, as_json: bool) -> None:
    told = {"user_id": tokens.user_id, "device_id": tokens.device_id, "is_anonymous": tokens.is_anonymous}
    tell(told, text, as_json)


@account.command()
def register(
    email: Email,
    password: Password = None,
    name: Annotated[str | None, typer.Option(help="How you want to be called.")] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Turn this log into an account; nothing moves."""
    secret = entered(password)

    async def run(online: Online) -> Tokens:
        return given(await online.joining.register(email, secret, name))

    tokens = with_server(_opened(server), run)
    _report(tokens, f"registered {email}; other phones join with `hypertrophy account login {email}`", as_json)


@account.command()
def login(email: Email, password: Password = None, server: Server = None, as_json: AsJson = False) -> None:
    """Join an account: what was logged here so far goes into it."""
    secret = entered(password)

    async def run(online: Online) -> Tokens:
        answer = await online.joining.login(email, secret)
        if isinstance(answer, Refusal) and answer.code == NAME_TAKEN:
            raise NotDone(
                "this log belongs to another account: log in to that one, or give this one a folder of its own with "
                f"`HYPERTROPHY_HOME=FOLDER hypertrophy account login {email}`"
            )
        return given(answer)

    tokens = with_server(_opened(server), run)
    _report(tokens, f"logged in as {email}; `hypertrophy sync` fetches what is there", as_json)


@account.command()
def logout(
    discard: Annotated[
        bool, typer.Option("--discard", help="Log out although nobody could ever reach this log on the server again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """End this device's session; the log on the device stays."""
    log = Log()

    async def run(online: Online) -> None:
        answer = await online.credentials.ask(lambda bearer: online.protocol.logout(bearer, discard=discard))
        assert answer is not None
        online.credentials.logged_out()

    try:
        with_server(log, run)
    except Hindered as hindered:
        if isinstance(hindered.obstacle, Stop) and hindered.obstacle.code == "would_lose_data":
            raise NotDone(
                "this log has no account, so nobody could reach it on the server again: "
                "`hypertrophy account register` first, or --discard"
            ) from None
        raise
    tell({"logged_out": True}, "logged out; the log stays here, and syncs again after a login", as_json)


@account.command()
def devices(
    revoke: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Lock a device out, by its id or the end of it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the account's devices, or revoke one."""
    log = Log()

    async def run(online: Online) -> Mapping[str, Any]:
        listed = await online.credentials.ask(online.protocol.devices)
        if revoke is None:
            return listed
        device_id = _meant(revoke, listed)
        await online.credentials.ask(lambda bearer: online.protocol.revoke(bearer, device_id))
        return await online.credentials.ask(online.protocol.devices)

    found = with_server(log, run)
    if as_json:
        print_json(found)
        return
    own = str(log.queue.identity.device_id)
    table(
        None,
        ("device", "name", "last seen", "events", ""),
        [
            (
                str(item.get("device_id"))[-12:],
                item.get("name") or item.get("platform") or "",
                str(item.get("last_seen") or "")[:16].replace("T", " "),
                item.get("events"),
                "this one" if item.get("device_id") == own else "revoked" if item.get("revoked") else "",
            )
            for item in found.get("items", [])
        ],
    )
    if revoke is not None:
        say("it is locked out within 15 minutes, when the access token that it has ends")


def _meant(reference: str, listed: Mapping[str, Any]) -> UUID:
    found = [one for item in listed.get("items", []) if ends(one := UUID(item["device_id"]), reference)]
    if len(found) != 1:
        raise NotDone(f'{len(found)} devices are meant by "{reference}"; `hypertrophy account devices` lists them')
    return found[0]


@account.command()
def show(as_json: AsJson = False) -> None:
    """Show who the server thinks you are."""
    me = with_server(Log(), lambda online: online.credentials.ask(online.protocol.me))
    if as_json:
        print_json(me)
        return
    for name, value in me.items():
        say(f"{name.replace('_', ' '):14} {_words(value)}")


def _words(value: Any) -> str:
    match value:
        case None | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
