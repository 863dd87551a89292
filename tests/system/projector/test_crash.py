"""PostgreSQL dies before the newest batches are on disk: they come again, perhaps beside others."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local import postgres
from deploy.local.postgres import EmbeddedPostgres
from services.projector.store import generations, positions
from services.projector.store.batch import ProjectorStore
from shared.migrations import migrate
from shared.postgres import connect, create_pool
from tests.histories import history
from tests.system.projector.feed import EventStore
from tests.system.projector.looking import apply
from tests.system.projector.phones import Reader, api


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EmbeddedPostgres]:
    """A server of its own, which is slow to write what nobody waits for."""
    monkeypatch.setattr(postgres, "SETTINGS", postgres.SETTINGS | {"wal_writer_delay": "10s"})
    with tempfile.TemporaryDirectory(prefix="hypertrophy-crash-") as folder:
        started = EmbeddedPostgres(Path(folder), ["projector"])
        await started.start()
        try:
            yield started
        finally:
            await started.stop()


async def test_what_a_crash_took_back_does_not_lend_its_tag_to_other_rows(
    server: EmbeddedPostgres, event_store: EventStore
) -> None:
    # given rows of which the newest are not on disk yet, and a phone that has read them
    url = server.url("projector")
    await migrate(url, "projector")
    owner = await connect(url)
    await generations.ensure_live(owner)
    person = history(970, events=200, devices=2)
    first, second = person.devices.values()
    pool = await create_pool(url, role="projector_worker", clean=False)
    await apply(ProjectorStore(pool), [*first[:-2], *second[:-1]])
    await owner.execute("CREATE TABLE on_disk ()")  # and with it all that was committed before
    await owner.close()
    async with api(url, event_store) as client:
        phone = Reader(client, person.user_id, first[0].device_id)
        await apply(ProjectorStore(pool), [first[-2]])
        await apply(ProjectorStore(pool), [first[-1]])
        before = await phone.response("/workouts", limit=500)
        await phone.get("/projections/status")
        # when the server dies and comes back without them, and they come again beside one more
        await server.kill()
        pool.terminate()
        await server.start()
        pool = await create_pool(url, role="projector_worker", clean=False)
        if (await ProjectorStore(pool).all_applied())[first[0].device_id].sequence == first[-1].sequence_number:
            pytest.skip("everything was on disk before the server died")
        await apply(ProjectorStore(pool), first)
        await apply(ProjectorStore(pool), second)
        # then the phone does not take the one for the other, and neither does the server
        after = await phone.response("/workouts", limit=500)
        assert after.headers["ETag"] != before.headers["ETag"]
        async with ProjectorStore(pool).transaction() as connection:
            content = await positions.content_digest(connection, person.user_id)
        assert (await phone.get("/projections/status"))["content_digest"] == content.hash
    await pool.close()
