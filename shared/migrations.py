"""Reversible migrations, one history a service.

`python -m shared.migrations upgrade|downgrade [REVISION] [SERVICE ...]` migrates the databases of
`DATABASE_URL_<SERVICE>`. A service's `migrations/versions` holds
ordinary Alembic revisions; nothing else is needed there.
"""

import asyncio
import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

SERVICES = ("auth", "ingest", "projector", "coach")
ROOT = Path(__file__).resolve().parent.parent
# One migrator at a time for each database.
_LOCK = "SELECT pg_advisory_xact_lock(7237421905)"


def _configuration(service: str, connection: Connection) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(ROOT / "shared" / "alembic"))
    configuration.set_main_option("version_locations", str(ROOT / "services" / service / "migrations" / "versions"))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["connection"] = connection
    return configuration


def _run(connection: Connection, service: str, direction: str, revision: str) -> str:
    connection.execute(text(_LOCK))
    step = command.upgrade if direction == "upgrade" else command.downgrade
    step(_configuration(service, connection), revision)
    return MigrationContext.configure(connection).get_current_revision() or "empty"


async def migrate(url: str, service: str, direction: str = "upgrade", revision: str = "head") -> str:
    """Moves one database to a revision in one transaction; returns where it stands.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when a step fails; nothing is changed then.
    """
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_run, service, direction, revision)
    finally:
        await engine.dispose()


async def _main(direction: str, revision: str, services: tuple[str, ...]) -> None:
    for service in services:
        at = await migrate(os.environ[f"DATABASE_URL_{service.upper()}"], service, direction, revision)
        print(f"{service}: {at}", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:] or ["upgrade"]
    wanted = tuple(word for word in words[1:] if word in SERVICES) or SERVICES
    revisions = [word for word in words[1:] if word not in SERVICES]
    default = "head" if words[0] == "upgrade" else "base"
    asyncio.run(_main(words[0], revisions[0] if revisions else default, wanted))
