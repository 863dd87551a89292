"""Kafka in: accepted events into the read models, identity events into who is who."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg
from aiokafka.errors import KafkaError

from services.projector.store import effects, identity
from services.projector.store.batch import PERMANENT_FAULTS, NoGeneration, ProjectorStore
from services.projector.store.dead_letters import refuse
from services.projector.store.loading import misplaced
from shared import postgres
from shared.dead_letters import Refused, dead_letter, decoded
from shared.envelope import AcceptedEvent
from shared.following import FEED_FAULTS, Follower, decode_batch, patiently
from shared.identity import (
    IDENTITY_EVENT,
    DeviceLinked,
    DeviceRevoked,
    ErasureApplied,
    IdentityEvent,
    MergeApplied,
    UserErased,
    UserMerged,
    UserRegistered,
)
from shared.kafka import CORRELATION, PublishFailed, Record, one_by_one
from shared.outbox import put
from shared.telemetry import log
from shared.topics import DEAD_LETTERS

Result = TypeVar("Result")
PASSING = (
    *FEED_FAULTS,
    *postgres.PASSING,
    asyncpg.InvalidCachedStatementError,
    KafkaError,
    NoGeneration,
    PublishFailed,
)


async def waiting_out(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Tries until PostgreSQL, Kafka and the other services are there again."""
    return await patiently(attempt, PASSING)


class Consumers:
    """What the worker does with records; its handlers return when everything is committed."""

    def __init__(self, store: ProjectorStore, quick: ProjectorStore, follower: Follower) -> None:
        """`quick` fails where the follower's store parks."""
        self._store = store
        self._quick = quick
        self._follower = follower

    async def on_events(self, records: Sequence[Record]) -> None:
        """Applies a batch of accepted events."""
        events, refused = decode_batch(records)
        await self._refuse(refused)
        if events:
            await waiting_out(lambda: self._take(events))

    async def _take(self, events: Sequence[AcceptedEvent]) -> None:
        """An event that cannot be applied is so seldom that a batch is first taken as if there were none."""
        try:
            await self._follower.take(events, self._quick)
        except PERMANENT_FAULTS as error:
            log().warning("batch_taken_again", events=len(events), error=repr(error))
            await self._follower.take(events)

    async def on_identity(self, records: Sequence[Record]) -> None:
        """Applies identity events."""
        for record in one_by_one(records):
            events, refused = decoded([record], IDENTITY_EVENT.validate_json)
            for event in events:
                await self.hear(event)
            await self._refuse(refused)

    async def hear(self, event: IdentityEvent) -> None:
        """Applies one identity event and answers it, as often as it comes."""
        await waiting_out(lambda: self._apply(event))

    async def _apply(self, event: IdentityEvent) -> None:
        async with self._store.transaction() as connection:
            match event:
                case UserMerged():
                    conflicts = await identity.merge(connection, event.from_user_id, event.user_id)
                    await effects.tell(connection, conflicts)
                    applied = MergeApplied(service="projector", user_id=event.user_id, merge_id=event.merge_id)
                    await effects.say(connection, applied)
                case UserErased():
                    users = {event.user_id, *event.merged_user_ids}
                    counts = await identity.erase(connection, event.erasure_id, users)
                    erased = ErasureApplied(
                        service="projector", user_id=event.user_id, erasure_id=event.erasure_id, counts=counts
                    )
                    await effects.say(connection, erased)
                case UserRegistered() | DeviceLinked() | DeviceRevoked():
                    pass
            await identity.advance(connection, event.number)

    async def settle(self) -> None:
        """Moves the rows that could not be moved when a merge was heard."""
        await waiting_out(self._settle)

    async def _settle(self) -> None:
        async with self._store.transaction() as connection:
            left = await misplaced(connection)
            await effects.tell(connection, await identity.settle_or_leave(connection, left))

    async def _refuse(self, refused: Refused) -> None:
        if refused:
            log().error("records_refused", count=len(refused), first=refused[0][1])
            await waiting_out(lambda: self._keep(refused))

    async def _keep(self, refused: Refused) -> None:
        async with self._store.transaction() as connection:
            await refuse(connection, refused)
            for record, reason in refused:
                letter = dead_letter("projector", record, reason)
                await put(connection, DEAD_LETTERS, [letter], record.header(CORRELATION))
