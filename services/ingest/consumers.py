"""What the worker hears: identity events, from the topic and, where it has holes, from auth's feed."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from faststream.kafka.subscriber.usecase import LogicSubscriber
from prometheus_client import Counter

from services.ingest.erased_ids import ErasedIds
from services.ingest.store.users import Users
from shared import postgres
from shared.database import Database
from shared.dead_letters import dead_letter, decoded
from shared.errors import Unavailable
from shared.feeds import IdentityFeed
from shared.following import FEED_FAULTS, patiently
from shared.identity import (
    IDENTITY_EVENT,
    DeviceLinked,
    DeviceRevoked,
    Effect,
    ErasureApplied,
    IdentityEvent,
    MergeApplied,
    UserErased,
    UserMerged,
    UserRegistered,
)
from shared.kafka import Publisher, PublishFailed, Record, create_broker, has_partitions, one_by_one, subscribe
from shared.outbox import record_of
from shared.telemetry import log
from shared.topics import DEAD_LETTERS, EFFECTS, IDENTITY

UNREADABLE = Counter("ingest_identity_dead_letters_total", "Identity records that could not be read")
PASSING = (*FEED_FAULTS, *postgres.PASSING, Unavailable, PublishFailed)


class Identity:
    """Applies identity events to the store, in any order and as often as they come, and says the effects."""

    def __init__(self, database: Database, publisher: Publisher, erased: ErasedIds) -> None:
        self._database = database
        self._publisher = publisher
        self._erased = erased

    async def apply(self, event: IdentityEvent) -> None:
        """Applies one event; its effect is said every time, because the first saying may have been lost."""
        async with self._database.acquire() as connection, connection.transaction():
            users = Users(connection)
            effect = await self._effect(users, event)
            await users.reached(event.number)
        if effect is not None:
            await self._publisher.publish(EFFECTS, [record_of(effect)])

    async def _effect(self, users: Users, event: IdentityEvent) -> Effect | None:
        match event:
            case UserMerged():
                await users.merge(event.from_user_id, event.user_id)
                everyone = await users.everyone([event.user_id])
                if await users.is_erased(everyone):
                    await self._erase(users, everyone)
                return MergeApplied(service="ingest", user_id=event.user_id, merge_id=event.merge_id)
            case UserErased():
                counts = await self._erase(users, await users.everyone([event.user_id, *event.merged_user_ids]))
                counts = await users.answered(event.erasure_id, counts)
                return ErasureApplied(
                    service="ingest", user_id=event.user_id, erasure_id=event.erasure_id, counts=counts
                )
            case DeviceRevoked():
                await users.revoke(event.device_id, event.user_id, event.occurred_at)
                return None
            case UserRegistered() | DeviceLinked():
                return None

    async def _erase(self, users: Users, user_ids: Sequence[UUID]) -> dict[str, int]:
        self._erased.add(user_ids)
        return dict(await users.erase(user_ids))

    async def erase_again(self) -> None:
        """Erases every listed id that the store does not know as erased, as after a restore."""
        async with self._database.acquire() as connection, connection.transaction():
            users = Users(connection)
            for user_id in self._erased.all():
                if not await users.is_erased([user_id]):
                    await users.erase([user_id])

    async def heal(self, feed: IdentityFeed) -> None:
        """Hears what the topic has not brought."""
        async with self._database.acquire() as connection:
            position = await Users(connection).position()
        for event in await feed.after(position):
            await self.apply(event)

    async def bury(self, record: Record, reason: str) -> None:
        """Keeps a record that is no identity event as a dead letter."""
        UNREADABLE.inc()
        log().error("identity_record_unreadable", partition=record.partition, offset=record.offset, reason=reason)
        await self._publisher.publish(DEAD_LETTERS, [dead_letter("ingest", record, reason)])


class IdentityConsumer:
    """Follows the identity topic; the feed is read at the start and every few minutes."""

    GROUP = "ingest"

    def __init__(self, identity: Identity, kafka: str, feed: IdentityFeed, interval: float) -> None:
        self._identity = identity
        self._kafka = kafka
        self._feed = feed
        self._interval = interval
        self._subscriber: LogicSubscriber[Any] | None = None

    async def follow(self) -> None:
        """Consumes until cancelled.

        Raises:
            Exception: when the broker does not come up; the caller starts it again.
        """
        broker = create_broker(self._kafka)
        self._subscriber = subscribe(broker, IDENTITY, self._take, group=self.GROUP)
        try:
            await broker.start()
            await asyncio.Event().wait()
        finally:
            self._subscriber = None
            async with asyncio.timeout(5):
                await broker.stop()

    async def heal(self) -> None:
        """Reads the feed until cancelled."""
        await patiently(self._identity.erase_again, PASSING)
        while True:
            await patiently(partial(self._identity.heal, self._feed), PASSING)
            await asyncio.sleep(self._interval)

    @property
    def ready(self) -> bool:
        """Whether the consumer is a member of its group."""
        return self._subscriber is not None and has_partitions(self._subscriber)

    async def _take(self, records: Sequence[Record]) -> None:
        for record in one_by_one(records):
            events, refused = decoded([record], IDENTITY_EVENT.validate_json)
            for event in events:
                await patiently(partial(self._identity.apply, event), PASSING)
            for unreadable, reason in refused:
                await patiently(partial(self._identity.bury, unreadable, reason), PASSING)
