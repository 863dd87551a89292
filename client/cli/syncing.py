"""Bringing the log to a server and back: status, sync, fix."""

import json
import sys
from typing import Annotated, Any
from uuid import UUID

import typer

from client.cli.entering import Contradiction
from client.cli.opening import Log
from client.cli.output import AsJson, local, print_json, say, tell
from client.cli.settling import open_conflicts, warning
from client.clock import zone
from client.errors import NotFound
from client.wording import counted

# A server that was restored to a time before the login takes the log for that of somebody new.
_FORGOTTEN = "the server has forgotten your account login; `hypertrophy account login` rejoins it"

Server = Annotated[str | None, typer.Option("--server", metavar="URL", help="The server's address; remembered.")]


def status(as_json: AsJson = False) -> None:
    """Show what waits to be synced, and how the last sync went."""
    log = Log()
    identity, standing, failed = log.queue.identity, log.queue.standing, log.queue.failed()
    server = log.session.server if log.session.has_server else None
    contested = open_conflicts(log)
    logged_in = log.session.held(identity.device_id) is not None
    if as_json:
        print_json(
            {
                "pending": standing.pending,
                "oldest": standing.oldest,
                "synced": standing.synced,
                "failed": standing.failed,
                "pulled": log.pulled.count,
                "last_verdict": identity.last_verdict,
                "conflicts": len(contested),
                "failures": [{"event_id": e.event_id, "event_type": e.event_type, "reason": e.reason} for e in failed],
                "server": server,
                "device_id": identity.device_id,
                "user_id": identity.user_id,
                "logged_in": logged_in,
                "last_sequence": identity.last_sequence,
                "recovering": identity.recovering,
                "home": str(log.home.folder),
            }
        )
        return
    waiting = f"{standing.pending} waiting" + (
        f", the oldest since {_here(standing.oldest)}" if standing.oldest else ""
    )
    say(f"events    {waiting}; {standing.synced} synced, {log.pulled.count} from other devices", bold=True)
    say(f"server    {server or 'none yet; `hypertrophy sync --server URL` names one'}")
    say(f"last sync {_verdict(identity.last_verdict)}")
    say(f"device    {identity.device_id}   user {identity.user_id or 'not known yet'}")
    if identity.user_id is not None and not logged_in:
        say("account   nobody is logged in; after `hypertrophy account login` this log syncs again", fg="yellow")
    say(f"log       {log.home.log}")
    for event in failed:
        say(f"refused   {event.event_id} {event.event_type}: {event.reason}", fg="red")
    if failed:
        say("`hypertrophy fix EVENT_ID field=value` sends a corrected event, `fix EVENT_ID --drop` gives it up")
    if told := warning(contested):
        say(told, fg="yellow")


def _here(moment: str) -> str:
    from datetime import datetime

    return local(datetime.fromisoformat(moment), zone())


def _verdict(text: str | None) -> str:
    if text is None:
        return "never"
    moment, _, what = text.partition(" ")
    return f"{_here(moment)}: {what}"


def sync(
    server: Server = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and sync whenever there is something new.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send what was logged, and fetch what other devices logged."""
    from client.cli.online import Online, use_server, with_server
    from client.engine import Halted, Outcome, Paused, Synced

    log = Log()
    if server is not None:
        use_server(log, server)

    has_account = _is_anonymous(log) is False

    def report(outcome: Outcome) -> None:
        nonlocal has_account
        if has_account and _is_anonymous(log):
            has_account = False
            say(_FORGOTTEN, fg="yellow", err=True)
        moved = outcome.moved
        if as_json:
            counts = {"pushed": moved.pushed, "pulled": moved.pulled, "failed": moved.failed}
            name = type(outcome).__name__.casefold()
            print_json({"outcome": name, "reason": getattr(outcome, "reason", None), **counts, **_standing(log)})
            return
        match outcome:
            case Synced():
                refused = f", {moved.failed} refused (`hypertrophy status`)" if moved.failed else ""
                say(f"synced: {moved.pushed} sent, {moved.pulled} received{refused}")
                if told := warning(open_conflicts(log)):
                    say(told, fg="yellow")
            case Paused(reason=reason):
                pending = log.queue.standing.pending
                waiting = f"{counted(pending, 'event')} {'waits' if pending == 1 else 'wait'}"
                say(f"not synced: {reason}; {waiting} safely for the next time", fg="yellow", err=True)
            case Halted(reason=reason):
                say(f"not synced: {reason}", fg="red", err=True)

    async def once(online: Online) -> bool:
        outcome = await online.engine.sync()
        report(outcome)
        return isinstance(outcome, Synced)

    async def on_and_on(online: Online) -> bool:
        async for outcome in online.engine.watch():
            if outcome.moved.pushed or outcome.moved.pulled or not isinstance(outcome, Synced):
                report(outcome)
            if isinstance(outcome, Halted):
                return False
        return True

    if not with_server(log, on_and_on if watch else once):
        sys.exit(1)


def _is_anonymous(log: Log) -> bool | None:
    """Whether the session is that of a log without an account; None where there is no session."""
    held = log.session.held(log.queue.identity.device_id)
    return None if held is None else held.is_anonymous


def _standing(log: Log) -> dict[str, Any]:
    identity, standing = log.queue.identity, log.queue.standing
    return {
        "pending": standing.pending,
        "conflicts": len(open_conflicts(log)),
        "device_id": identity.device_id,
        "user_id": identity.user_id,
    }


def fix(
    event_id: Annotated[str, typer.Argument(help="A refused event; `hypertrophy status` lists them.")],
    changes: Annotated[list[str] | None, typer.Argument(metavar="[FIELD=VALUE]…", help="reps=8, notes=null")] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Give it up.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send the corrected form of an event that the server refused, or give it up."""
    from client.events import Draft
    from client.queue import NotRefused
    from shared.registry import registry

    if drop and changes:
        raise Contradiction(f"--drop gives the event up: leave it out, or leave out {', '.join(changes)}")
    log = Log()
    unknown = NotFound(f"no refused event has the id {event_id}; `hypertrophy status` lists them")
    found = [event for event in log.queue.failed() if str(event.event_id) == event_id]
    if not found:
        raise unknown
    failed = found[0]
    draft = None
    if not drop:
        payload = {**json.loads(failed.payload), **dict(_change(text) for text in changes or ())}
        event = registry().parse(failed.event_type, failed.schema_version, payload)
        from datetime import datetime

        draft = Draft(event, datetime.fromisoformat(failed.occurred_at), failed.correlation_id)
    try:
        new = log.queue.replace_failed(UUID(event_id), draft)
    except NotRefused as error:
        raise unknown from error
    text = "given up" if new is None else f"logged again as {new.event_id}"
    tell({"event_id": new.event_id if new else None}, text, as_json)


def _change(text: str) -> tuple[str, Any]:
    field, equals, value = text.partition("=")
    if not equals:
        raise NotFound(f'"{text}" is no change; write FIELD=VALUE')
    try:
        return field, json.loads(value)
    except ValueError:
        return field, value
