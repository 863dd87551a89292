"""`python -m services.projector.rebuild [--view NAME]`: a rebuild in a process of its own.

It shares the log of the process that starts it, so all that it says are log lines.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import TypeVar

from services.projector.rebuild.run import CannotApply, RebuildStopped, rebuild, workers
from services.projector.rebuild.view import rebuild_view
from services.projector.settings import Settings
from shared.telemetry import configure_logging, log

Result = TypeVar("Result")


def main(settings: Settings) -> None:
    """Rebuilds; SIGTERM stops it as Ctrl-C does, and the live generation goes on."""
    configure_logging("projector-rebuild", settings.log_level, settings.log_format)
    if sys.argv[1:2] == ["--view"]:
        users = asyncio.run(_stoppable(rebuild_view(settings, sys.argv[2])))
        log().info("view_rebuilt", view=sys.argv[2], users=users)
        return
    # Before there is a loop or a thread, processes may be forked; elsewhere than on Linux, not even then.
    start = "fork" if sys.platform == "linux" else "spawn"
    processes = workers(settings.projector_rebuild_shards, start)
    made = asyncio.run(_stoppable(rebuild(settings, processes)))
    log().info("rebuilt", generation=made.generation, events=made.events, differences=dict(made.differences))
    processes.shutdown()


async def _stoppable(work: Coroutine[object, object, Result]) -> Result:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


if __name__ == "__main__":
    environment = Settings()
    try:
        main(environment)
    except (RebuildStopped, CannotApply) as error:
        log().error("rebuild_stopped", reason=str(error))
        sys.exit(1)
    except Exception as error:
        log().error("rebuild_failed", exc_info=error)
        sys.exit(1)
    except asyncio.CancelledError:
        log().warning("rebuild_interrupted")
        os._exit(1)  # at once, and its workers with it: what they are at would not be used
