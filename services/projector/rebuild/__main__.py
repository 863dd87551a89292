"""`python -m services.projector.rebuild [--view NAME]`: a rebuild in a process of its own."""

import asyncio
import signal
import sys

from services.projector.rebuild.run import CannotApply, RebuildStopped, rebuild
from services.projector.rebuild.view import rebuild_view
from services.projector.settings import Settings
from shared.telemetry import configure_logging


async def main() -> None:
    """Rebuilds; SIGTERM stops it as Ctrl-C does, and the live generation goes on."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    settings = Settings()
    configure_logging("projector-rebuild", settings.log_level, settings.log_format)
    if sys.argv[1:2] == ["--view"]:
        print(await rebuild_view(settings, sys.argv[2]))
    else:
        print(await rebuild(settings))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (RebuildStopped, CannotApply) as error:
        sys.exit(f"rebuild stopped: {error}")
    except asyncio.CancelledError:
        sys.exit("rebuild interrupted")
