"""A restore that is cut off leaves the databases as they were, or all of the backup's under their new epoch."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID, uuid4

import asyncpg
import psutil
import pytest
from uuid_utils.compat import uuid7

from deploy.local.engines import SERVICES
from deploy.local.folders import erased_ids_file, restore_folder
from deploy.local.operations.backup import restoring
from deploy.local.operations.backup.archive import Manifest
from deploy.local.operations.backup.databases import Databases, alone
from deploy.local.operations.backup.saving import save
from deploy.local.operations.chaos.command import PATIENCE_SECONDS
from deploy.local.operations.chaos.phones import Phone, diary
from deploy.local.operations.chaos.reckoning import reckon
from deploy.local.operations.running import UNLIMITED, operating
from deploy.local.processes import StartError
from deploy.local.stack import Stack
from services.ingest.domain import Refusal
from services.ingest.door import Draft, write
from services.ingest.reading import reading_of
from services.ingest.store.events import Trace
from shared.migrations import migrate
from shared.values import utc_now

OLD, NEW = {"old"}, {"new"}
CUT = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


def say(_: str) -> None:
    """Nobody watches."""


class NeverReady:
    """A stack that does not come up."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    async def __aenter__(self) -> NoReturn:
        raise StartError("not ready after 90 s")

    async def __aexit__(self, *_: object) -> None:
        pass


async def ask(databases: Databases, service: str, query: str, *arguments: Any) -> Any:
    """The first value that a query gives."""
    url = databases.urls[service].set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def one_event(databases: Databases, user_id: UUID) -> None:
    """The store accepts an event of the user."""
    raw = {
        "event_id": str(uuid4()),
        "event_type": "WorkoutStarted",
        "schema_version": 1,
        "payload": {"workout_id": str(uuid4()), "started_at": "2026-11-20T10:00:00.000Z"},
        "occurred_at": "2026-11-20T10:00:00.000Z",
        "sequence_number": 1,
    }
    reading = reading_of(raw)
    assert not isinstance(reading, Refusal), reading
    url = databases.urls["ingest"].set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await write(connection, user_id, [Draft(uuid7(), raw, reading)], utc_now(), Trace())
    finally:
        await connection.close()


async def backed_up(data: Path, file: Path, *users: UUID) -> Manifest:
    """Databases with an event of each user and their backup; since then, all of them have changed."""
    async with alone(data) as databases:
        for service in SERVICES:
            await migrate(databases.owners[service].render_as_string(hide_password=False), service)
        for user_id in users:
            await one_event(databases, user_id)
        await ask(databases, "auth", "INSERT INTO signing_keys VALUES ('a', '', '', now(), NULL)")
    manifest = await save(data, file)
    async with alone(data) as databases:
        for service in SERVICES:
            await ask(databases, service, "CREATE TABLE changed_since ()")
    return manifest


async def found(databases: Databases) -> set[str]:
    """Which databases there are: those that have changed since the backup, those of the backup, or some of each."""
    changed = [await ask(databases, service, "SELECT to_regclass('changed_since') IS NOT NULL") for service in SERVICES]
    return {"old" if one else "new" for one in changed}


async def epoch(databases: Databases) -> UUID:
    return UUID(str(await ask(databases, "ingest", "SELECT epoch FROM server_epochs ORDER BY number DESC LIMIT 1")))


async def left_over(databases: Databases) -> int:
    """How many databases there are beside those that there should be."""
    query = "SELECT count(*) FROM pg_database WHERE datname ~ '_(before|restored)$'"
    return int(await ask(databases, "auth", query))


@contextmanager
def power_cut(data: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> Iterator[None]:
    """PostgreSQL dies at once after so many databases were renamed."""
    execute, renamed = asyncpg.Connection.execute, 0

    async def executed(self: Any, query: str, *arguments: Any, **options: Any) -> str:
        nonlocal renamed
        status: str = await execute(self, query, *arguments, **options)
        renamed += "RENAME TO" in query
        if "RENAME TO" in query and renamed == after:
            await asyncio.to_thread(killed, data)
        return status

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", executed)
        yield


def killed(data: Path) -> None:
    server = psutil.Process(int((data / "postgres" / "postmaster.pid").read_text().split()[0]))
    everybody = [server, *server.children(recursive=True)]
    for process in everybody:
        process.kill()
    psutil.wait_procs(everybody, timeout=10)


async def test_a_restore_that_is_cut_off_within_the_exchange_has_changed_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, file = folder / "server", folder / "yesterday.backup"
    manifest = await backed_up(data, file, uuid4())

    for renamed in (1, 2 * len(SERVICES)):
        with power_cut(data, monkeypatch, renamed), pytest.raises(CUT):
            await restoring.bring_back(data, file, say)

        async with alone(data) as databases:
            assert await found(databases) == OLD
            assert await epoch(databases) == manifest.server_epoch
            assert await left_over(databases) == 0


async def test_a_restore_that_is_cut_off_after_the_exchange_has_begun_its_epoch(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, file = folder / "server", folder / "yesterday.backup"
    stays, leaves = uuid4(), uuid4()
    manifest = await backed_up(data, file, stays, leaves)
    erased_ids_file(data).write_text(f"{leaves}\n")
    (data / "kafka" / "log" / "hypertrophy.events.v1-0").mkdir(parents=True)
    (restore_folder(data) / "log").mkdir(parents=True)
    monkeypatch.setattr(restoring, "Stack", NeverReady)
    begun = {manifest.server_epoch}

    for times in (1, 2):
        with pytest.raises(StartError, match="not ready"):
            await restoring.bring_back(data, file, say)

        assert not (data / "kafka" / "log").exists()
        assert not restore_folder(data).exists()
        async with alone(data) as databases:
            assert await found(databases) == NEW
            begun.add(await epoch(databases))
            assert len(begun) == times + 1
            assert await ask(databases, "ingest", "SELECT count(*) FROM epoch_heads") == 1
            assert await ask(databases, "ingest", "SELECT count(*) FROM outbox") >= 1
            assert await ask(databases, "ingest", "SELECT array_agg(user_id) FROM devices") == [stays]
            assert await ask(databases, "auth", "SELECT array_agg(user_id) FROM erased_users") == [leaves]
            assert await ask(databases, "auth", "SELECT count(*) FROM signing_keys") == 0
            assert await left_over(databases) == 0


async def test_up_goes_on_from_a_restore_that_was_cut_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, file = folder / "server", folder / "yesterday.backup"
    async with Stack(data, settings=UNLIMITED) as stack:
        port, phone = stack.port, Phone(folder / "phone", stack.url, diary(7), random.Random(7))
        await log(phone, 30)
        await save(data, file)
        await log(phone, 20)
    monkeypatch.setattr(restoring, "Stack", NeverReady)
    with pytest.raises(StartError, match="not ready"):
        await restoring.bring_back(data, file, say)
    (restore_folder(data) / "log").mkdir(parents=True)

    async with Stack(data, settings=UNLIMITED, port=port) as stack, operating(stack, patience=120) as operator:
        await log(phone, 5)
        reckoning = await reckon(operator, phone.acknowledged(), PATIENCE_SECONDS)
        assert not restore_folder(data).exists()

    assert len(phone.acknowledged()) == phone.logged
    assert reckoning.sound, (reckoning.lost[:3], reckoning.duplicated[:3], reckoning.findings.first_difference)
    await phone.close()


async def log(phone: Phone, count: int) -> None:
    """The phone logs some more and brings it to the server."""
    phone._queue.append([draft for _, draft in zip(range(count), phone._diary, strict=False)])
    await phone.finish()
