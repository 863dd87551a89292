"""Merges and erasures, in any order relative to the events."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
import time_machine
from aiokafka import AIOKafkaConsumer

from services.ingest.app import create_worker
from services.ingest.consumers import Identity, IdentityConsumer
from services.ingest.erased_ids import ErasedIds
from shared.database import Database
from shared.feeds import IdentityFeed
from shared.identity import (
    EFFECT,
    DeviceLinked,
    DeviceRevoked,
    Effect,
    ErasureApplied,
    IdentityEvent,
    MergeApplied,
    UserErased,
    UserMerged,
)
from shared.kafka import Outgoing, Publisher
from shared.loops import running
from shared.topics import DEAD_LETTERS, EFFECTS, IDENTITY
from tests.eventually import eventually
from tests.system.ingest.conftest import Ingest
from tests.system.ingest.phones import Phone, sets

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def merged(number: int, from_user: UUID, into_user: UUID) -> UserMerged:
    return UserMerged(number=number, occurred_at=NOW, user_id=into_user, merge_id=uuid4(), from_user_id=from_user)


def erased(number: int, user: UUID, also: Iterable[UUID] = ()) -> UserErased:
    return UserErased(number=number, occurred_at=NOW, user_id=user, erasure_id=uuid4(), merged_user_ids=list(also))


@pytest.fixture(scope="module")
async def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outside") / "erased-ids"


@pytest.fixture(scope="module")
async def identity(ingest: Ingest, listed: Path) -> AsyncIterator[Identity]:
    database = Database(ingest.settings.database_url_ingest, role="ingest_worker", away="it is away", size=2)
    publisher = Publisher(ingest.settings.kafka_bootstrap_servers)
    yield Identity(database, publisher, ErasedIds(listed))
    await publisher.close()
    await database.close()


async def effects_of(ingest: Ingest, user_id: UUID) -> list[Effect]:
    consumer = AIOKafkaConsumer(
        EFFECTS, bootstrap_servers=ingest.settings.kafka_bootstrap_servers, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        found = await consumer.getmany(timeout_ms=3000)
        records = [record for batch in found.values() for record in batch]
        return [EFFECT.validate_json(record.value) for record in records if record.key == str(user_id).encode()]
    finally:
        await consumer.stop()


async def roots(ingest: Ingest) -> dict[UUID, UUID]:
    return {row["user_id"]: row["root_id"] for row in await ingest.tables.fetch("SELECT * FROM user_aliases")}


async def test_a_merge_is_applied_and_said_every_time(ingest: Ingest, identity: Identity) -> None:
    anonymous, account = uuid4(), uuid4()
    event = merged(1, anonymous, account)

    await identity.apply(event)
    await identity.apply(event)

    assert (await roots(ingest))[anonymous] == account
    said = MergeApplied(service="ingest", user_id=account, merge_id=event.merge_id)
    assert await effects_of(ingest, account) == [said, said]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_chains_of_merges_end_at_one_root(ingest: Ingest, identity: Identity, order: tuple[int, int]) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    events = [merged(900, first, second), merged(901, second, third)]

    for place in order:
        await identity.apply(events[place])

    known = await roots(ingest)
    assert (known[first], known[second]) == (third, third)


async def test_erasure_forgets_everything_of_everyone_merged(ingest: Ingest, identity: Identity, listed: Path) -> None:
    anonymous, account, stranger = ingest.phone(), ingest.phone(), ingest.phone()
    for phone in (anonymous, account, stranger):
        await phone.sync([*sets(1, 3), {**sets(4, 4)[0], "event_type": "Unheard"}])
    await identity.apply(merged(902, anonymous.user_id, account.user_id))
    event = erased(903, account.user_id)

    await identity.apply(event)
    await identity.apply(event)

    said = ErasureApplied(
        service="ingest",
        user_id=account.user_id,
        erasure_id=event.erasure_id,
        counts={"devices": 2, "events": 6, "quarantined_events": 2},
    )
    assert [effect for effect in await effects_of(ingest, account.user_id) if isinstance(effect, ErasureApplied)] == [
        said,
        said,
    ]
    for phone in (anonymous, account):
        again = await phone.post(sets(1, 1))
        assert (again.status_code, again.json()["code"]) == (410, "user_erased")
    assert (await stranger.sync([]))["ack_cursor"]["last_acked_sequence"] == 4
    assert {anonymous.user_id, account.user_id} <= set(ErasedIds(listed).all())
    left = "SELECT count(*) FROM events WHERE user_id = ANY ($1::uuid[])"
    assert await ingest.tables.fetchval(left, [anonymous.user_id, account.user_id]) == 0


async def test_an_alias_to_an_erased_user_is_erased(ingest: Ingest, identity: Identity) -> None:
    anonymous, account = ingest.phone(), ingest.phone()
    await anonymous.sync(sets(1, 3))
    await identity.apply(erased(905, account.user_id))

    await identity.apply(merged(904, anonymous.user_id, account.user_id))

    assert (await anonymous.post(sets(4, 4))).status_code == 410


async def test_a_restored_store_forgets_the_listed_users_again(
    ingest: Ingest, identity: Identity, listed: Path
) -> None:
    phone = ingest.phone()
    await phone.sync(sets(1, 3))
    ErasedIds(listed).add([phone.user_id])

    await identity.erase_again()

    assert (await phone.post([])).status_code == 410


def revoked(number: int, phone: Phone, at: datetime) -> DeviceRevoked:
    return DeviceRevoked(number=number, occurred_at=at, user_id=phone.user_id, device_id=phone.device_id)


async def test_a_revoked_device_is_refused_until_auth_gives_it_a_new_token(ingest: Ingest, identity: Identity) -> None:
    phone, other = ingest.phone(), ingest.phone()
    await phone.sync(sets(1, 3))
    before = datetime.now(UTC)
    last, first = revoked(910, phone, before + timedelta(hours=1)), revoked(908, phone, before - timedelta(days=1))

    for event in (last, first, last):
        await identity.apply(event)
    refused = [await phone.post(events) for events in ([], sets(4, 4), sets(1, 3))]
    for method, path in (("GET", "stream"), ("POST", "stream-ticket")):
        refused.append(await phone.client.request(method, f"/api/v1/sync/{path}", headers=phone.headers))
    with time_machine.travel(before + timedelta(hours=2), tick=False):
        welcome = await phone.sync(sets(4, 4))

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "device_revoked")] * 5
    assert welcome["ack_cursor"]["last_acked_sequence"] == 4
    assert (await other.sync(sets(1, 1)))["accepted_count"] == 1


async def test_erasure_forgets_what_was_revoked_too(ingest: Ingest, identity: Identity) -> None:
    phone = ingest.phone()
    event = revoked(911, phone, NOW)
    for said in (event, erased(912, phone.user_id), event):
        await identity.apply(said)

    left = "SELECT count(*) FROM revoked_devices WHERE user_id = $1"
    assert await ingest.tables.fetchval(left, phone.user_id) == 0


async def test_an_erased_user_is_told_so_and_not_that_there_is_nothing(ingest: Ingest, identity: Identity) -> None:
    phone = ingest.phone()
    await phone.sync(sets(1, 3))
    await identity.apply(erased(913, phone.user_id))

    for path in ("hash", "events", "quarantine", "stream"):
        answer = await phone.client.get(f"/api/v1/sync/{path}", headers=phone.headers)
        assert (answer.status_code, answer.json()["code"]) == (410, "user_erased"), path


async def test_the_api_may_not_delete_or_change_events(ingest: Ingest) -> None:
    for statement in (
        "DELETE FROM events",
        "UPDATE events SET record = ''",
        "DELETE FROM quarantined_events",
        "SELECT erase_users('{}')",
    ):
        async with ingest.tables.transaction():
            await ingest.tables.execute("SET LOCAL ROLE ingest_api")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with ingest.tables.transaction():
                    await ingest.tables.execute(statement)


async def buried(ingest: Ingest, part: bytes) -> None:
    """Waits until a dead letter holds these bytes."""
    letters = AIOKafkaConsumer(
        DEAD_LETTERS,
        bootstrap_servers=ingest.settings.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
        group_id=None,
    )
    await letters.start()
    try:
        while part not in (await letters.getone()).value:
            pass
    finally:
        await letters.stop()


async def test_the_consumer_hears_the_topic_and_heals_from_the_feed(ingest: Ingest, identity: Identity) -> None:
    heard, missed = merged(1, uuid4(), uuid4()), merged(2, uuid4(), uuid4())
    linked = DeviceLinked(number=3, occurred_at=NOW, user_id=uuid4(), device_id=uuid4())
    log: list[IdentityEvent] = [heard, missed, linked]
    await ingest.tables.execute("UPDATE identity_position SET number = 0")

    def answer(request: httpx2.Request) -> httpx2.Response:
        after = int(request.url.params["after"])
        events = [event.model_dump(mode="json") for event in log if event.number > after]
        return httpx2.Response(200, json={"events": events, "last_number": 3})

    publisher = Publisher(ingest.settings.kafka_bootstrap_servers)
    await publisher.publish(
        IDENTITY, [Outgoing(b"x", b"not an event"), Outgoing(b"x", heard.model_dump_json().encode())]
    )
    await publisher.close()
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://auth") as auth:
        consumer = IdentityConsumer(identity, ingest.settings.kafka_bootstrap_servers, IdentityFeed(auth), 60)
        async with running({"follow": consumer.follow, "heal": consumer.heal}):

            async def done() -> bool:
                known = await roots(ingest)
                position = await ingest.tables.fetchval("SELECT number FROM identity_position")
                # The topic may hold what other tests have published, which moves the position on.
                return consumer.ready and {heard.from_user_id, missed.from_user_id} <= known.keys() and position >= 3

            await eventually(done)
            await asyncio.wait_for(buried(ingest, b"bm90IGFuIGV2ZW50"), 30)


async def test_a_worker_that_has_spoken_leaves_nothing_running(ingest: Ingest) -> None:
    # given a worker that has published an effect
    before, event = asyncio.all_tasks(), merged(4, uuid4(), uuid4())
    app = create_worker(ingest.settings.model_copy(update={"auth_url": "http://127.0.0.1:9"}))
    publisher = Publisher(ingest.settings.kafka_bootstrap_servers)
    async with app.router.lifespan_context(app):
        await publisher.publish(IDENTITY, [Outgoing(b"x", event.model_dump_json().encode())])
        await publisher.close()

        async def said() -> bool:
            return bool(await effects_of(ingest, event.user_id))

        await eventually(said)
    # when it has ended, then its producer has too
    assert asyncio.all_tasks() <= before
