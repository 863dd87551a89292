"""Kafka in: device activity from the events, and what the services answer to merges and erasures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.auth.store import activity, erasures, merges, users
from shared import postgres
from shared.dead_letters import Refused, dead_letter, decoded
from shared.envelope import Link
from shared.following import FEED_FAULTS, Follower, decode_links, patiently
from shared.identity import EFFECT, ConflictFound, Effect, ErasureApplied, MergeApplied
from shared.kafka import Publisher, PublishFailed, Record
from shared.postgres import Connection, Pool
from shared.telemetry import log
from shared.topics import DEAD_LETTERS
from shared.values import utc_now

PASSING = (*FEED_FAULTS, *postgres.PASSING, PublishFailed)


@dataclass(frozen=True)
class EventsConsumer:
    """Follows the event topic into the device activity."""

    follower: Follower[Link]
    publisher: Publisher

    async def handle(self, records: Sequence[Record]) -> None:
        events, refused = decode_links(records)
        await patiently(lambda: bury(self.publisher, refused), PASSING)
        await patiently(lambda: self.follower.take(events), PASSING)


@dataclass(frozen=True)
class EffectsConsumer:
    """Notes which services have applied merges and erasures."""

    pool: Pool
    publisher: Publisher

    async def handle(self, records: Sequence[Record]) -> None:
        effects, refused = decoded(records, EFFECT.validate_json)
        await patiently(lambda: bury(self.publisher, refused), PASSING)
        await patiently(lambda: self._note(effects), PASSING)

    async def _note(self, effects: Sequence[Effect]) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            for effect in effects:
                await note(connection, effect, utc_now())


async def note(connection: Connection, effect: Effect, now: datetime) -> None:
    """Takes one answer; taking it again changes nothing."""
    match effect:
        case MergeApplied():
            await merges.answer(connection, effect.merge_id, effect.service, now)
        case ErasureApplied():
            await erasures.answer(connection, effect.erasure_id, effect.service, effect.counts, now)
            await erasures.conclude(connection, effect.erasure_id, now)
        case ConflictFound():
            pass  # meant for clients


async def bury(publisher: Publisher, refused: Refused) -> None:
    """Sends unreadable records to the dead letters. A redelivery may bury one twice."""
    if refused:
        log().error("records_refused", count=len(refused), first=refused[0][1])
        await publisher.publish(DEAD_LETTERS, [dead_letter("auth", record, reason) for record, reason in refused])


async def compare_for_ever(follower: Follower[Link], pool: Pool, seconds: float) -> None:
    """Heals from ingest's heads at the start and every so often, and keeps the server's devices known."""
    while True:
        await patiently(follower.compare, PASSING)
        await patiently(lambda: know_server_devices(follower, pool), PASSING)
        await asyncio.sleep(seconds)


async def know_server_devices(follower: Follower[Link], pool: Pool) -> None:
    """Under which ids the server writes, so that no phone can take one."""
    if follower.epoch is None:
        return
    async with pool.acquire() as connection:
        await activity.set_epoch(connection, follower.epoch)
        while user_ids := await users.without_server_device(connection):
            found = [(user_id, await activity.server_device(connection, user_id)) for user_id in user_ids]
            await users.set_server_devices(connection, [(user_id, device) for user_id, device in found if device])
