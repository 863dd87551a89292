"""The schema can be made, taken back and made again."""

from shared.migrations import migrate
from tests.system.engines import RealEngines, connect, fresh_database

TABLES = """
SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""


async def test_up_down_up(engines: RealEngines) -> None:
    async with fresh_database(engines, "coach") as url:
        connection = await connect(url)
        made = await connection.fetchval(TABLES)
        assert await migrate(url, "coach", "downgrade", "base") == "empty"
        assert await connection.fetchval(TABLES) == 0
        await migrate(url, "coach")
        assert await connection.fetchval(TABLES) == made > 10
        await connection.close()


async def test_each_revision_can_be_taken_back(engines: RealEngines) -> None:
    async with fresh_database(engines, "coach") as url:
        for revision in ("0002", "0001"):
            await migrate(url, "coach", "downgrade", revision)
            assert await migrate(url, "coach") != revision
