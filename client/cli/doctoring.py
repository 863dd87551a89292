"""Doctor: whether this log is sound, and whether the server has the same."""

import asyncio
import math
import stat
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from client.cli.online import NotDone, Online, given, use_server, with_server
from client.cli.opening import Log
from client.cli.output import AsJson, print_json, say
from client.credentials import Hindered
from client.doctor import COMPARED, Finding, compare_content, compare_events, compare_rows
from client.session import origin
from client.wording import counted
from shared.digests import EMPTY, Digest

# Read models follow within milliseconds; a busy server gets this many tries for each step forward.
_TRIES, _PAUSE_SECONDS = 20, 0.5


def doctor(
    server: Annotated[str | None, typer.Option("--server", metavar="URL", help="Default: the remembered one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check this log, and compare digests and numbers with the server's; exits with 1 on a difference."""
    log = Log(reading=server is None)
    findings = _local(log)
    if server or log.session.has_server:
        try:
            if server:
                _belongs_to(log, server)
            findings += with_server(log, _remote)
        except (NotDone, Hindered) as error:
            findings.append(Finding("server", False, str(error)))
    healthy = all(finding.healthy for finding in findings)
    if as_json:
        checks = [{"name": one.name, "healthy": one.healthy, "note": one.note} for one in findings]
        print_json({"healthy": healthy, "content_digest": log.projection.content_digest.hash, "checks": checks})
    else:
        for one in findings:
            say(f"{'ok ' if one.healthy else 'BAD'}  {one.name:13} {one.note}", fg=None if one.healthy else "red")
    if not healthy:
        sys.exit(1)


def _belongs_to(log: Log, server: str) -> None:
    """Remembers a log's first server. Another one than that gets nothing: tokens are for one server.

    Raises:
        NotDone, UnusableServer
    """
    if not log.session.has_server:
        use_server(log, server)
    elif origin(server) != log.session.server:
        raise NotDone(f"this log belongs to {log.session.server}; `hypertrophy sync --server {server}` moves it")


def _local(log: Log) -> list[Finding]:
    faults = log.queue.faults()
    public = [
        path.name for path in (log.home.log, log.home.session) if path.exists() and _is_public(path.stat().st_mode)
    ]
    unreadable = len(log.projection.unreadable)
    failed = log.queue.standing.failed
    return [
        Finding("file", not faults, "; ".join(faults) or "sound, every number there"),
        Finding("privacy", not public, f"others can read {', '.join(public)}" if public else "only you can read it"),
        Finding(
            "understanding",
            not unreadable,
            f"{counted(unreadable, 'event needs', 'events need')} a newer version of this program"
            if unreadable
            else "every event is understood",
        ),
        Finding("refused", True, f"{counted(failed, 'event')}; `status` lists them" if failed else "none"),
    ]


def _is_public(mode: int) -> bool:
    return bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


async def _remote(online: Online) -> list[Finding]:
    log, protocol = online.log, online.protocol
    pending = log.queue.standing.pending
    waiting = f"{counted(pending, 'event waits', 'events wait')}: `hypertrophy sync` first" if pending else "none"
    found = [Finding("pending", not pending, waiting)]
    user = await online.credentials.ask(protocol.hash)
    found += compare_events(_digests(log), user)
    status = await _caught_up(online, log.projection.content_digest)
    if behind := _behind(status, log.projection.content_digest):
        return [*found, Finding("server", False, f"it has still to apply {counted(behind, 'event')}: ask again")]
    found.append(compare_content(log.projection, status))
    for view, (path, _) in COMPARED.items():
        found.append(compare_rows(view, log.projection.views[view], await _all(online, path)))
    return found


def _digests(log: Log) -> dict[Any, Digest]:
    """Own events and others' together; both may hold some of one device."""
    digests = log.queue.digests()
    for device_id, digest in log.pulled.digests().items():
        digests[device_id] = digests.get(device_id, EMPTY) + digest
    return digests


async def _caught_up(online: Online, wanted: Digest) -> Mapping[str, Any]:
    """The read models' status, once they have applied what the event store has, or go no further."""
    tries, least = 0, math.inf
    while True:
        status = await online.credentials.ask(lambda bearer: online.protocol.read(bearer, "/projections/status"))
        behind = _behind(status, wanted)
        tries = tries + 1 if behind >= least else 1
        if not behind or tries == _TRIES:
            return status
        least = min(least, behind)
        await asyncio.sleep(_PAUSE_SECONDS)


def _behind(status: Mapping[str, Any], wanted: Digest) -> int:
    """How many events the read models have still to apply, if they are not equal without them."""
    return 0 if status.get("content_digest") == wanted.hash else status.get("lag_events") or 0


async def _all(online: Online, path: str) -> list[Mapping[str, Any]]:
    items: list[Mapping[str, Any]] = []
    cursor = ""
    while True:
        bearer = await online.credentials.bearer()
        page = given(await online.protocol.read(bearer, f"{path}?limit=500{cursor}"))
        items += page["items"]
        if not page.get("next_cursor"):
            return items
        cursor = f"&cursor={page['next_cursor']}"
