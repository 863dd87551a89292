"""The operator's commands for a stack on this machine."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.folders import default_data_folder
from deploy.local.output import LastingConsole, steps
from deploy.local.roles import product_roles
from deploy.local.stack import Stack

LOOPBACK = ("127.0.0.1", "localhost", "::1")

Work = Callable[[], Awaitable[None]]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the user's own data folder.")]


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of all services.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data: Data = None,
    workers: Annotated[int, typer.Option(min=1, max=48, help="Projector workers.")] = 1,
    http: Annotated[int, typer.Option(min=1, max=48, help="HTTP processes; limits count in each of them.")] = 1,
) -> None:
    """Run the whole product on this machine: PostgreSQL, Kafka and every service, until Ctrl-C."""
    console = LastingConsole(highlight=False)
    if host not in LOOPBACK:
        console.print(
            f"Warning: {host} is reached without TLS; put a proxy with a certificate before it.", soft_wrap=True
        )
    folder = data or default_data_folder()
    report = steps(console)
    stack = Stack(folder, port=port, host=host, roles=product_roles(workers, http), console=console, report=report)
    asyncio.run(run(stack, console))


async def run(stack: Stack, console: Console, meanwhile: Work | None = None) -> None:
    """Keeps the stack up until a signal ends it, then stops it in order; `meanwhile` is done once it is ready."""
    with contextlib.suppress(asyncio.CancelledError):
        await until_signal(stack, console, meanwhile)
    console.print("stopped")


async def until_signal(stack: Stack, console: Console, meanwhile: Work | None) -> None:
    task = asyncio.current_task()
    assert task is not None
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            console.print("stopping …")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    async with stack:
        console.print(f"ready {stack.url}", style="bold green")
        where = f"API at {stack.url}/docs · data and logs in {stack.data} · Ctrl-C stops"
        console.print(where, style="dim", markup=False, soft_wrap=True)
        if meanwhile is not None:
            await meanwhile()
        await asyncio.Event().wait()
