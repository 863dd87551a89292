"""Load: simulated phones against a server."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from client.cli.opening import Log
from client.cli.output import AsJson, print_json, say
from client.load import Load, Played, play, yes_man

_CEILING_S = 3.0


def load(
    devices: Annotated[int, typer.Option(min=1, max=5_000, help="How many phones.")] = 16,
    seconds: Annotated[float, typer.Option(min=0.5, help="How long.")] = 10,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Events that a phone logs before each sync.")] = 100,
    server: Annotated[str | None, typer.Option("--server", metavar="URL", help="Default: the remembered one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let simulated phones log and sync as fast as they can; tells the generator's own ceiling, too.

    A server limits how fast new devices are made; start one for this with its limits off.
    """
    wanted = Load(devices, seconds, batch)
    url = server or Log().session.server
    with tempfile.TemporaryDirectory(prefix="hypertrophy-load-") as folder:
        ceiling = asyncio.run(
            play(Load(devices, min(seconds, _CEILING_S), batch), url, Path(folder) / "ceiling", yes_man)
        )
        played = asyncio.run(play(wanted, url, Path(folder) / "real"))
    if as_json:
        print_json(
            {"devices": devices, "batch": batch, "ceiling_events_per_second": _rate(ceiling), **_content(played)}
        )
    else:
        _report(wanted, played, ceiling)
    if played.failures:
        sys.exit(1)


def _rate(played: Played) -> int:
    return round(played.events_per_second)


def _content(played: Played) -> dict[str, object]:
    return {
        "events": played.events,
        "events_per_second": _rate(played),
        "seconds": round(played.seconds, 3),
        "syncs": len(played.syncs_s),
        "sync_p50_ms": round(played.percentile(0.5), 1),
        "sync_p99_ms": round(played.percentile(0.99), 1),
        "failures": played.failures,
        "reasons": sorted(played.reasons),
    }


def _report(wanted: Load, played: Played, ceiling: Played) -> None:
    say(f"{wanted.devices} phones, {wanted.batch} events a sync, {played.seconds:.1f} s", bold=True)
    say(f"acknowledged   {played.events} events, {_rate(played)} a second")
    say(f"a sync takes   {played.percentile(0.5):.0f} ms (p50), {played.percentile(0.99):.0f} ms (p99), push and pull")
    say(f"ceiling        {_rate(ceiling)} a second is what this generator can do at all")
    for reason in sorted(played.reasons):
        say(f"failed         {reason}", fg="red")
