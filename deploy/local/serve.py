"""One role of the local run: `python -m deploy.local.serve TARGET HOST PORT`.

It imports everything at once and opens its port when the file `HYPERTROPHY_GATE` exists: so the imports of all roles
run while the engines start.
"""

import os
import sys
import time
from importlib import import_module
from pathlib import Path

import uvicorn

from deploy.local.ports import shared_socket

LOGGING = Path(__file__).with_name("uvicorn-logging.json")


def serve(target: str, host: str, port: int) -> None:
    """Serves the application that the factory `module:function` makes, until it is told to stop."""
    import_module(target.partition(":")[0])
    wait_for(Path(os.environ["HYPERTROPHY_GATE"]))
    config = uvicorn.Config(
        target, factory=True, access_log=False, log_config=str(LOGGING), timeout_graceful_shutdown=3
    )
    uvicorn.Server(config).run(sockets=[shared_socket(host, port)])


def wait_for(gate: Path) -> None:
    while not gate.exists():
        time.sleep(0.02)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
