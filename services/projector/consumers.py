"""Kafka in: accepted events into the read models, identity events into who is who."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from services.projector.store import identity
from services.projector.store.batch import NoGeneration, ProjectorStore
from services.projector.store.dead_letters import refuse
from shared.following import PASSING_FAULTS, Follower, decode_batch, patiently
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
from shared.kafka import Outgoing, Publisher, PublishFailed, Record
from shared.telemetry import log
from shared.topics import DEAD_LETTERS, EFFECTS

Result = TypeVar("Result")
PASSING = (
    *PASSING_FAULTS,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
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

    def __init__(self, store: ProjectorStore, follower: Follower, publisher: Publisher) -> None:
        self._store = store
        self._follower = follower
        self._publisher = publisher

    async def on_events(self, records: Sequence[Record]) -> None:
        """Applies a batch of accepted events."""
        events, refused = decode_batch(records)
        await self._refuse(refused)
        if events:
            await waiting_out(lambda: self._follower.take(events))

    async def on_identity(self, records: Sequence[Record]) -> None:
        """Applies identity events and answers on the effects topic."""
        refused: list[tuple[Record, str]] = []
        for record in records:
            try:
                event = IDENTITY_EVENT.validate_json(record.value)
            except ValidationError as error:
                refused.append((record, str(error)))
            else:
                await self.hear(event)
        await self._refuse(refused)

    async def hear(self, event: IdentityEvent) -> None:
        """Applies one identity event, as often as it comes."""
        for effect in await waiting_out(lambda: self._applied(event)):
            await waiting_out(lambda effect=effect: self._say(effect))  # type: ignore[misc]

    async def _applied(self, event: IdentityEvent) -> list[Effect]:
        async with self._store.transaction() as connection:
            effects: list[Effect] = []
            match event:
                case UserMerged():
                    await identity.merge(connection, event.from_user_id, event.user_id)
                    applied = MergeApplied(service="projector", user_id=event.user_id, merge_id=event.merge_id)
                    effects.append(applied)
                case UserErased():
                    users = {event.user_id, *event.merged_user_ids}
                    counts = await identity.erase(connection, event.erasure_id, users)
                    erased = ErasureApplied(
                        service="projector", user_id=event.user_id, erasure_id=event.erasure_id, counts=counts
                    )
                    effects.append(erased)
                case UserRegistered() | DeviceLinked() | DeviceRevoked():
                    pass
            await identity.advance(connection, event.number)
        return effects

    async def _say(self, effect: Effect) -> None:
        record = Outgoing(str(effect.user_id).encode(), effect.model_dump_json().encode())
        await self._publisher.publish(EFFECTS, [record])

    async def _refuse(self, refused: Sequence[tuple[Record, str]]) -> None:
        if refused:
            log().error("records_refused", count=len(refused), first=refused[0][1])
            await waiting_out(lambda: self._keep(refused))

    async def _keep(self, refused: Sequence[tuple[Record, str]]) -> None:
        async with self._store.transaction() as connection:
            await refuse(connection, refused)
        await self._publisher.publish(DEAD_LETTERS, [_letter(record, reason) for record, reason in refused])


def _letter(record: Record, reason: str) -> Outgoing:
    place = {"topic": record.topic, "partition": str(record.partition), "offset": str(record.offset)}
    headers = {**place, "reason": reason[:500], "service": "projector"}
    return Outgoing(record.key, record.value, tuple((name, value.encode()) for name, value in headers.items()))
