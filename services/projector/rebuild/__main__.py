"""`python -m services.projector.rebuild [--view NAME]`: a rebuild in a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from services.projector.rebuild.run import CannotApply, RebuildStopped, rebuild, workers
from services.projector.rebuild.view import rebuild_view
from services.projector.settings import Settings
from shared.telemetry import configure_logging


def main() -> None:
    """Rebuilds; SIGTERM stops it as Ctrl-C does, and the live generation goes on."""
    settings = Settings()
    configure_logging("projector-rebuild", settings.log_level, settings.log_format)
    if sys.argv[1:2] == ["--view"]:
        print(asyncio.run(_stoppable(rebuild_view(settings, sys.argv[2]))))
        return
    # Before there is a loop or a thread, processes may be forked; elsewhere than on Linux, not even then.
    start = "fork" if sys.platform == "linux" else "spawn"
    processes = workers(settings.projector_rebuild_shards, start)
    print(asyncio.run(_stoppable(rebuild(settings, processes))))
    processes.shutdown()


async def _stoppable(work: Coroutine[Any, Any, object]) -> object:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


if __name__ == "__main__":
    try:
        main()
    except (RebuildStopped, CannotApply) as error:
        sys.exit(f"rebuild stopped: {error}")
    except asyncio.CancelledError:
        print("rebuild interrupted", file=sys.stderr, flush=True)
        os._exit(1)  # at once, and its workers with it: what they are at would not be used
