"""Kafka in: accepted events into the read models, identity events into who is who."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from services.projector.store import identity
from services.projector.store.batch import NoGeneration, ProjectorStore
from services.projector.store.dead_letters import refuse
from services.projector.store.refreshing import Conflicts
from shared.following import PASSING_FAULTS, Follower, decode_batch, patiently
from shared.identity import (
    IDENTITY_EVENT,
    ConflictFound,
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


class Effects:
    """What the projector says on the effects topic."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def say(self, *effects: Effect) -> None:
        """Publishes effects.

        Raises:
            PublishFailed
        """
        records = [Outgoing(str(effect.user_id).encode(), effect.model_dump_json().encode()) for effect in effects]
        await self._publisher.publish(EFFECTS, records)

    async def tell(self, conflicts: Conflicts) -> None:
        """Says that devices disagree: a hint for the user's screens, lost at worst, for the view has them."""
        fields: dict[tuple[UUID, str, UUID], list[str]] = {}
        for user_id, row in conflicts:
            fields.setdefault((user_id, row.entity, row.entity_id), []).append(row.field)
        found = [
            ConflictFound(service="projector", user_id=user, entity=entity, entity_id=entity_id, fields=names)
            for (user, entity, entity_id), names in fields.items()
        ]
        try:
            await self.say(*found)
        except PublishFailed as error:
            log().warning("conflicts_not_told", count=len(found), error=repr(error))


class Consumers:
    """What the worker does with records; its handlers return when everything is committed."""

    def __init__(self, store: ProjectorStore, follower: Follower, publisher: Publisher) -> None:
        self._effects = Effects(publisher)
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
            await waiting_out(lambda effect=effect: self._effects.say(effect))  # type: ignore[misc]

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
