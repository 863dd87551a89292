"""Before the services start: secrets, migrations, topics. `python -m shared.prepare FOLDER`; safe to run again.

Secrets that exist are kept: `FOLDER/service-token` and `FOLDER/auth-key-secret`.
"""

import asyncio
import os
import secrets
import sys
from pathlib import Path

from shared.migrations import SERVICES, migrate
from shared.topics import create_topics

SECRETS = ("service-token", "auth-key-secret")


def keep_secrets(folder: Path) -> None:
    """Makes the secrets that are missing. Readable by the containers that mount the folder, which all belong to us."""
    for name in SECRETS:
        path = folder / name
        if not path.exists():
            path.write_text(secrets.token_hex(32))
            path.chmod(0o444)


async def prepare(folder: Path) -> None:
    """Everything, in order.

    Raises:
        KeyError: when an address is missing in the environment.
    """
    keep_secrets(folder)
    for service in SERVICES:
        print(service, await migrate(os.environ[f"DATABASE_URL_{service.upper()}"], service), flush=True)
    print("topics", *await create_topics(os.environ["KAFKA_BOOTSTRAP_SERVERS"]), flush=True)


if __name__ == "__main__":
    asyncio.run(prepare(Path(sys.argv[1])))
