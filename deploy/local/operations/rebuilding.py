"""`./hypertrophy rebuild`: the read models, made again beside the live ones while the stack goes on."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from deploy.local.operations.running import AsJson, Data, Operator, operate
from deploy.local.output import print_json

PATH = "/internal/projector/rebuild"
# The part that has to be done before its pace says anything of the rest.
TELLING = 0.05


class RebuildFailed(Exception):
    """The rebuild stopped; the live generation goes on."""


def rebuild(
    view: Annotated[str | None, typer.Option(help="Only this view, in place.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Make the read models again from the event store, and switch to them once they are proven equal."""
    console = Console(highlight=False, stderr=as_json)
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[eta]}"),
    )
    # A view has no numbers to follow, and a pipe nobody who watches.
    with Progress(*columns, console=console, transient=bool(view), disable=not console.is_terminal) as progress:
        done = operate(data, lambda operator: work(operator, view, progress))
    if as_json:
        print_json(done)
    elif view:
        console.print(f"view {view} is made again")
    else:
        show(done, console)


async def work(operator: Operator, view: str | None, progress: Progress | None = None) -> Mapping[str, Any]:
    """Starts a rebuild and follows it to its end; returns the live generation.

    Raises:
        RebuildFailed: with the reason and the place, such as the event that cannot be applied.
    """
    await operator.post(PATH, {"view": view} if view else {})
    bar = progress.add_task("starting", total=None, eta="") if progress else None
    while (state := await operator.get(PATH))["running"]:
        # Until the new generation is there, the newest is one of an earlier rebuild.
        if progress and bar is not None and not view and newest(state).get("state") == "building":
            follow(progress, bar, newest(state))
        await asyncio.sleep(0.3)
    if progress and bar is not None and not view:
        follow(progress, bar, newest(state))
    if not state["succeeded"]:
        reason = newest(state).get("progress", {}).get("error") or "see the log of the process `http`"
        raise RebuildFailed(f"the rebuild stopped, the live read models go on: {reason}")
    return newest(state)


def newest(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The generation that was begun last."""
    return next(iter(state["generations"]), {})


def follow(progress: Progress, bar: TaskID, generation: Mapping[str, Any]) -> None:
    said = generation.get("progress") or {}
    done, total, left = said.get("events_done", 0), said.get("events_total"), said.get("eta_seconds")
    tells = left and total and done >= total * TELLING
    progress.update(
        bar,
        description=said.get("phase", "starting"),
        completed=done,
        total=total,
        eta=f"{said.get('events_per_second', 0):,} /s" + (f", {left:.0f} s left" if tells else ""),
    )


def show(generation: Mapping[str, Any], console: Console) -> None:
    said = generation["progress"]
    console.print(
        f"{generation['name']} is live: {said['events_done']:,} events in {said['seconds']} s "
        f"({said['events_per_second']:,} /s), fold version {generation['fold_version']}",
        soft_wrap=True,
    )
    differences = said.get("differences") or {}
    for name, rows in differences.items():
        console.print(f"  {name}: {rows:,} rows differ from the generation before", soft_wrap=True)
