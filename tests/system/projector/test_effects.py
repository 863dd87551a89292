"""What the projector says: left where it became true, published when the broker takes it, never lost between."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from random import Random
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.ports import free_port
from services.projector.consumers import Consumers
from services.projector.rebuild.run import rebuild
from services.projector.settings import Settings
from services.projector.store import effects, generations, operating
from services.projector.store.batch import ProjectorStore
from shared.clients import service_client
from shared.dead_letters import DeadLetter
from shared.envelope import AcceptedEvent
from shared.feeds import IngestFeed
from shared.fold import fold
from shared.following import Follower
from shared.identity import EFFECT, ConflictFound, ErasureApplied, MergeApplied, UserErased, UserMerged
from shared.kafka import CORRELATION, Outgoing, Publisher, PublishFailed, Record
from shared.migrations import migrate
from shared.outbox import publish_oldest
from shared.topics import DEAD_LETTERS, EFFECTS, EVENTS, IDENTITY
from shared.views.conflicts import ConflictRow
from shared.views.whole import rows_of
from tests.histories import START, History, history, sent
from tests.system.engines import RealEngines, connect, fresh_database
from tests.system.projector.feed import EventStore, served
from tests.system.projector.looking import apply, split

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@pytest.fixture
def telling(pool: Pool) -> ProjectorStore:
    return ProjectorStore(pool, tell=effects.tell)


@pytest.fixture
async def follower(url: str, telling: ProjectorStore, event_store: EventStore) -> AsyncIterator[Follower]:
    settings = Settings(database_url_projector=url, ingest_url=event_store.url, service_token="secret")
    async with service_client(event_store.url, settings) as client:
        yield Follower(telling, IngestFeed(client))


@pytest.fixture
def consumers(telling: ProjectorStore, follower: Follower) -> Consumers:
    return Consumers(telling, telling, follower)


class Heard(Publisher):
    """A broker that keeps what it acknowledges, as long as it is there at all."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.away = False
        self.records: list[tuple[str, Outgoing]] = []

    async def publish(self, topic: str, records: Iterable[Outgoing]) -> None:
        if self.away:
            raise PublishFailed("away")
        self.records += [(topic, record) for record in records]

    def of_user(self, user_id: UUID) -> list[object]:
        said = [EFFECT.validate_json(record.value) for topic, record in self.records if topic == EFFECTS]
        return [effect for effect in said if effect.user_id == user_id]


async def everything(pool: Pool) -> Heard:
    heard = Heard()
    while await publish_oldest(pool, heard):
        pass
    return heard


def conflicts_of(person: History) -> set[tuple[str, UUID, str]]:
    rows = rows_of(fold(event.recorded() for event in person.received))["conflicts"]
    return {row.key for row in rows}


def fields_told(said: list[object]) -> set[tuple[str, UUID, str]]:
    found = [effect for effect in said if isinstance(effect, ConflictFound)]
    return {(effect.entity, effect.entity_id, name) for effect in found for name in effect.fields}


async def test_a_conflict_is_told_though_the_broker_was_away_when_it_was_found(
    telling: ProjectorStore, pool: Pool
) -> None:
    # given a history with conflicts, and a broker that is away while it is applied
    person = history(300, events=400, devices=3)
    assert conflicts_of(person)
    for batch in split(person.received, Random(1), largest=100):
        await apply(telling, batch)
    away = Publisher(f"127.0.0.1:{free_port()}", timeout=timedelta(seconds=0.5))
    with pytest.raises(PublishFailed):
        await publish_oldest(pool, away)
    # when it is back
    heard = await everything(pool)
    # then every conflict that stands is told, and nothing waits any more
    assert fields_told(heard.of_user(person.user_id)) >= conflicts_of(person)
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_what_is_rolled_back_was_never_said(telling: ProjectorStore, pool: Pool) -> None:
    person = history(301, events=200, devices=3)

    async def interrupted() -> None:
        async with telling.transaction() as connection:
            await effects.tell(connection, [(person.user_id, row) for row in _conflict_rows(person)])
            raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        await interrupted()

    assert (await everything(pool)).records == []


def _conflict_rows(person: History) -> list[ConflictRow]:
    rows = rows_of(fold(event.recorded() for event in person.received))["conflicts"]
    return [row for row in rows if isinstance(row, ConflictRow)]


async def test_records_that_the_broker_did_not_acknowledge_are_said_again_in_order(
    consumers: Consumers, pool: Pool
) -> None:
    merges = [
        UserMerged(number=n, occurred_at=START, user_id=uuid4(), merge_id=uuid4(), from_user_id=uuid4())
        for n in (1, 2, 3)
    ]
    for merge in merges:
        await consumers.hear(merge)
    broker = Heard()
    broker.away = True
    with pytest.raises(PublishFailed):
        await publish_oldest(pool, broker)

    said = [EFFECT.validate_json(record.value) for _, record in (await everything(pool)).records]

    assert [effect.merge_id for effect in said if isinstance(effect, MergeApplied)] == [m.merge_id for m in merges]


async def test_two_processes_publish_one_after_the_other(consumers: Consumers, pool: Pool) -> None:
    for n in range(20):
        await consumers.hear(
            UserMerged(number=n + 1, occurred_at=START, user_id=uuid4(), merge_id=uuid4(), from_user_id=uuid4())
        )
    brokers = [Heard(), Heard()]

    await asyncio.gather(*(publish_oldest(pool, broker) for broker in brokers))

    assert sorted(len(broker.records) for broker in brokers) == [0, 20]


async def test_what_is_said_of_a_merge_bears_the_correlation_id_of_its_record(consumers: Consumers, pool: Pool) -> None:
    merges = [
        UserMerged(number=n, occurred_at=START, user_id=uuid4(), merge_id=uuid4(), from_user_id=uuid4()) for n in (1, 2)
    ]
    records = [
        Record(IDENTITY, 0, n, b"", merge.model_dump_json().encode(), (("correlation_id", b"request-%d" % n),))
        for n, merge in enumerate(merges)
    ]

    await consumers.on_identity(records)

    said = (await everything(pool)).records
    assert [record.headers for _, record in said] == [record.headers for record in records]


async def test_conflicts_that_a_merge_makes_are_told_with_it(consumers: Consumers, pool: Pool) -> None:
    # given two users who said different things of the same entity
    one = history(310, events=60, devices=1)
    other = history(310, events=60, devices=1, user_id=uuid4())
    renamed = [_elsewhere(event) for event in other.received]
    await apply(ProjectorStore(pool), one.received)
    await apply(ProjectorStore(pool), renamed)
    # when they turn out to be one
    merge = UserMerged(number=1, occurred_at=START, user_id=one.user_id, merge_id=uuid4(), from_user_id=other.user_id)
    await consumers.hear(merge)
    # then both the merge and what they disagree in are told
    said = (await everything(pool)).of_user(one.user_id)
    assert [effect.merge_id for effect in said if isinstance(effect, MergeApplied)] == [merge.merge_id]
    async with ProjectorStore(pool).transaction() as connection:
        rows = await connection.fetch("SELECT content FROM conflicts_projection WHERE user_id = $1", one.user_id)
    standing = {(row["entity"], UUID(row["entity_id"]), row["field"]) for row in (json.loads(r[0]) for r in rows)}
    assert standing
    assert fields_told(said) == standing


def _elsewhere(event: AcceptedEvent) -> AcceptedEvent:
    """The same on another device, with other names and repetitions."""
    device = UUID(int=event.device_id.int ^ 1)
    payload = {**event.payload}
    payload |= {"name": f"Other {payload['name']}"} if "name" in payload else {}
    payload |= {"reps": payload["reps"] + 1} if "reps" in payload else {}
    return event.model_copy(update={"device_id": device, "payload": payload, "event_id": uuid4()})


async def test_an_erasure_leaves_no_position_to_compare_and_late_events_bring_none(
    consumers: Consumers, follower: Follower, event_store: EventStore, pool: Pool
) -> None:
    # given a user whose events are projected, the last of them still on their way
    person = history(320, events=80, devices=2)
    event_store.accept(person.received)
    await follower.take(person.received[:60])
    # when everything of theirs is erased, here and in the event store, and the last events arrive
    erasure = UserErased(number=1, occurred_at=START, user_id=person.user_id, erasure_id=uuid4(), merged_user_ids=[])
    await consumers.hear(erasure)
    late = [person.received[60:70], person.received[70:]]
    await follower.take(late[0])
    for device in person.devices:
        event_store.events.pop(device)
    await follower.take(late[1])
    # then the positions are those of the event store at once, without a comparison
    async with ProjectorStore(pool).transaction() as connection:
        positions = await operating.positions(connection, UUID(int=0), 10_000)
    assert {row["device_id"] for row in positions} & set(person.devices) == set()
    # and a comparison finds nothing that it would still have to read
    await follower.compare()
    assert await follower.compare() == []
    answered = (await everything(pool)).of_user(person.user_id)
    counts = next(effect.counts for effect in answered if isinstance(effect, ErasureApplied))
    async with pool.acquire() as connection:
        live = await generations.live_name(connection)
    assert counts[f"{live}.applied"] == 2


async def test_a_record_that_is_no_event_becomes_a_dead_letter_as_it_was(consumers: Consumers, pool: Pool) -> None:
    record = Record(EVENTS, 3, 14, b"key", b"\xff no event", (("correlation_id", b"abc"),))

    await consumers.on_events([record])

    topic, letter = (await everything(pool)).records[-1]
    read = DeadLetter.model_validate_json(letter.value)
    assert (topic, letter.key, read.value) == (DEAD_LETTERS, b"key", b64encode(record.value).decode())
    assert (read.service, read.topic, read.partition, read.offset) == ("projector", EVENTS, 3, 14)
    assert letter.headers == (("correlation_id", b"abc"),)


async def test_a_dead_letter_blocks_nothing_whatever_its_record_was_like(
    consumers: Consumers, pool: Pool, engines: RealEngines
) -> None:
    # given a record that is junk all over, about as large as the broker takes one
    junk = b'{"event_type": "\\u0000", "and": "%s"}' % os.urandom(500_000).hex().encode()
    record = Record(IDENTITY, 2, 0, b"key", junk, ((CORRELATION, b"a\0b"),))
    async with asyncio.timeout(60):
        # when it is heard, and an erasure after it
        await consumers.on_identity([record])
        await consumers.hear(
            UserErased(number=1, occurred_at=START, user_id=uuid4(), erasure_id=uuid4(), merged_user_ids=[])
        )
        # then the broker takes all that is said of them
        publisher = Publisher(engines.kafka_bootstrap)
        while await publish_oldest(pool, publisher):
            pass
        await publisher.close()


async def test_the_schema_goes_up_down_and_up(engines: RealEngines) -> None:
    async with fresh_database(engines, "projector") as url:
        connection = await connect(url)
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        made = await connection.fetchval(tables)
        await migrate(url, "projector", "downgrade", "0001")
        assert await connection.fetchval("SELECT to_regclass('outbox')") is None
        assert await migrate(url, "projector", "downgrade", "base") == "empty"
        assert await connection.fetchval(tables) == 0
        await migrate(url, "projector")
        assert await connection.fetchval(tables) == made
        await connection.close()


async def test_conflicts_that_a_rebuild_meets_first_are_told_once(
    url: str, pool: Pool, telling: ProjectorStore, consumers: Consumers, follower: Follower
) -> None:
    # given a disagreement and a merge that have not come to the worker yet
    user, account, anonymous, workout = uuid4(), uuid4(), uuid4(), str(uuid4())
    push = sent(user, uuid4(), [("WorkoutStarted", {"workout_id": workout, "started_at": "2026-01-01T10:00:00Z"})])
    names = [sent(user, uuid4(), [("WorkoutUpdated", {"workout_id": workout, "name": name})]) for name in "AB"]
    sexes = [
        sent(one, uuid4(), [("ProfileUpdated", {"sex": sex})])
        for one, sex in ((account, "male"), (anonymous, "female"))
    ]
    merged = UserMerged(number=1, occurred_at=START, user_id=account, merge_id=uuid4(), from_user_id=anonymous)
    with served(EventStore()) as event_store:
        event_store.accept(event for events in (push, *names, *sexes) for event in events)
        event_store.identity.append(merged)
        for events in (push, names[0], *sexes):
            await apply(telling, events)
        settings = Settings(
            database_url_projector=url,
            ingest_url=event_store.url,
            auth_url=event_store.url,
            service_token="secret",
            projector_rebuild_shards=1,
        )

        # when the read models are made again before they do
        await rebuild(settings)
        await apply(telling, names[1])
        await consumers.hear(merged)

    # then people hear of both, once
    heard = await everything(pool)
    told = [effect for one in (user, account) for effect in heard.of_user(one) if isinstance(effect, ConflictFound)]
    assert [(effect.entity, effect.fields) for effect in told] == [("workout", ["name"]), ("profile", ["sex"])]
