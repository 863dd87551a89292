"""The schema can be taken back and made again."""

from shared.migrations import migrate
from tests.system.engines import RealEngines, connect, fresh_database

REVOKED = "SELECT to_regclass('revoked_devices') IS NOT NULL"
INDEX = "SELECT pg_get_indexdef('quarantined_events_by_user'::regclass)"


async def test_each_revision_can_be_taken_back(engines: RealEngines) -> None:
    async with fresh_database(engines, "ingest") as url:
        connection = await connect(url)
        for revision, left in (("0001", "0001"), ("base", "empty")):
            assert await migrate(url, "ingest", "downgrade", revision) == left
            assert not await connection.fetchval(REVOKED)
            assert await migrate(url, "ingest") == "0003"
            assert await connection.fetchval(REVOKED)
        paged = await connection.fetchval(INDEX)
        assert await migrate(url, "ingest", "downgrade", "0002") == "0002"
        assert await connection.fetchval(INDEX) != paged
        assert await migrate(url, "ingest") == "0003"
        assert await connection.fetchval(INDEX) == paged
        await connection.close()
