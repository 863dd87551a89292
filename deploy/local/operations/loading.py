"""`./hypertrophy load`: simulated phones against a server."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from client.wording import counted
from deploy.local.operations.playing import Load, Played, play, yes_man
from deploy.local.operations.running import UNLIMITED
from deploy.local.stack import Stack

_CEILING_S = 3.0


def load(
    devices: Annotated[int, typer.Option(min=1, max=5_000, help="How many phones.")] = 16,
    seconds: Annotated[float, typer.Option(min=0.5, help="How long.")] = 10,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Events that a phone logs before each sync.")] = 100,
    server: Annotated[
        str | None,
        typer.Option("--server", metavar="URL", help="Default: one of its own in a temporary folder, without limits."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Let simulated phones log and sync as fast as they can; tells the generator's own ceiling, too."""
    wanted = Load(devices, seconds, batch)
    with tempfile.TemporaryDirectory(prefix="hypertrophy-load-", ignore_cleanup_errors=True) as folder:
        played, ceiling = asyncio.run(measured(wanted, Path(folder), server))
    if as_json:
        typer.echo(_json(wanted, played, ceiling))
    else:
        _report(wanted, played, ceiling)
    if played.failures:
        sys.exit(1)


async def measured(wanted: Load, folder: Path, server: str | None) -> tuple[Played, Played]:
    """What the server did, and what this process can do against one that does nothing."""
    short = Load(wanted.devices, min(wanted.seconds, _CEILING_S), wanted.batch)
    ceiling = await play(short, "http://nobody.invalid", folder / "ceiling", yes_man)
    if server:
        return await play(wanted, server, folder / "phones"), ceiling
    async with Stack(folder / "stack", settings=UNLIMITED) as stack:
        return await play(wanted, stack.url, folder / "phones"), ceiling


def _json(wanted: Load, played: Played, ceiling: Played) -> str:
    content: dict[str, Any] = {
        "devices": wanted.devices,
        "batch": wanted.batch,
        "events": played.events,
        "events_per_second": round(played.events_per_second),
        "ceiling_events_per_second": round(ceiling.events_per_second),
        "seconds": round(played.seconds, 3),
        "syncs": len(played.syncs_s),
        "sync_p50_ms": round(played.percentile(50), 1),
        "sync_p99_ms": round(played.percentile(99), 1),
        "failures": played.failures,
        "reasons": sorted(played.reasons),
    }
    return json.dumps(content)


def _report(wanted: Load, played: Played, ceiling: Played) -> None:
    phones, batch = counted(wanted.devices, "phone"), counted(wanted.batch, "event")
    typer.secho(f"{phones}, {batch} a sync, {played.seconds:.1f} s", bold=True)
    typer.echo(f"acknowledged   {counted(played.events, 'event')}, {played.events_per_second:.0f} a second")
    typer.echo(f"a sync takes   {played.percentile(50):.0f} ms (p50), {played.percentile(99):.0f} ms (p99)")
    typer.echo(f"ceiling        {ceiling.events_per_second:.0f} a second is what this generator can do at all")
    for reason in sorted(played.reasons):
        typer.secho(f"failed         {reason}", fg="red")
