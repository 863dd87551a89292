"""Merges and erasures: idempotent and independent of order, whenever they are heard (law 2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.coach.reach import EVER
from services.coach.store.memory import changed
from services.coach.store.outbox import say
from services.coach.store.owned import MISPLACED, erase_rows, move_rows
from shared.identity import (
    DeviceLinked,
    DeviceRevoked,
    ErasureApplied,
    IdentityEvent,
    MergeApplied,
    UserErased,
    UserMerged,
    UserRegistered,
)
from shared.postgres import Connection, Pool

LOCK_USERS = """
SELECT user_id, merged_into, erasure_id FROM users
WHERE user_id = ANY($1) OR merged_into = ANY($1) ORDER BY user_id FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one user id."""

    user_id: UUID
    merged_into: UUID | None
    erasure_id: UUID | None


class Identity:
    """The follower of auth's log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def position(self) -> int:
        """Up to which number everything was applied."""
        return int(await self._pool.fetchval("SELECT number FROM identity_position"))

    async def reached(self, number: int) -> None:
        """Everything up to this number was applied."""
        await self._pool.execute("UPDATE identity_position SET number = greatest(number, $1)", number)

    async def apply(self, event: IdentityEvent) -> None:
        """Takes one event and leaves the answer for auth; hearing it again only answers again."""
        if isinstance(event, UserRegistered | DeviceLinked | DeviceRevoked):
            return  # coach keeps nothing of devices and logins
        async with self._pool.acquire() as connection, connection.transaction():
            match event:
                case UserMerged():
                    await _merge(connection, event.from_user_id, event.user_id)
                    await say(connection, MergeApplied(service="coach", user_id=event.user_id, merge_id=event.merge_id))
                case UserErased():
                    counts = await _erase(connection, event)
                    answer = ErasureApplied(
                        service="coach", user_id=event.user_id, erasure_id=event.erasure_id, counts=counts
                    )
                    await say(connection, answer)

    async def settle(self) -> None:
        """Moves or deletes what was written in the moment in which its user was merged or erased."""
        for user_id in [row["user_id"] for row in await self._pool.fetch(MISPLACED)]:
            async with self._pool.acquire() as connection, connection.transaction():
                person = (await _people(connection, {user_id}))[user_id]
                if person.erasure_id is not None:
                    await erase_rows(connection, [user_id])
                elif person.merged_into is not None:
                    await _move(connection, [user_id], person.merged_into)


async def _people(connection: Connection, user_ids: Collection[UUID]) -> dict[UUID, Person]:
    """These users and everyone merged into them, made where unknown and locked."""
    ids = sorted(user_ids)
    await connection.execute("INSERT INTO users (user_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", ids)
    rows = await connection.fetch(LOCK_USERS, ids)
    return {row["user_id"]: Person(**row) for row in rows}


async def _merge(connection: Connection, gone: UUID, into: UUID) -> None:
    known = await connection.fetchval("SELECT merged_into FROM users WHERE user_id = $1", into)
    people = await _people(connection, {gone, into} | ({known} if known else set()))
    root = people[into].merged_into or into
    if root == gone or people[gone].merged_into == root:
        return
    if root not in people:  # the account was merged on while we waited for the locks
        await _merge(connection, gone, root)
        return
    members = [user for user, person in people.items() if user == gone or person.merged_into == gone]
    await connection.execute("UPDATE users SET merged_into = $1 WHERE user_id = ANY($2)", root, members)
    if erasure := people[root].erasure_id:
        await connection.execute("UPDATE users SET erasure_id = $1 WHERE user_id = ANY($2)", erasure, members)
        await erase_rows(connection, members)
        return
    await _move(connection, members, root)


async def _move(connection: Connection, members: Sequence[UUID], root: UUID) -> None:
    versions = await changed(connection, {root: EVER})
    await move_rows(connection, members, root, versions[root])


async def _erase(connection: Connection, event: UserErased) -> dict[str, int]:
    """Deletes everything of the user and of everyone merged into it, and remembers the ids."""
    people = await _people(connection, {event.user_id, *event.merged_user_ids})
    await connection.execute(
        "UPDATE users SET erasure_id = $1 WHERE user_id = ANY($2)", event.erasure_id, sorted(people)
    )
    for user in sorted(people):
        await connection.execute(
            "UPDATE users SET merged_into = $1 WHERE user_id = $2 AND user_id <> $1 AND merged_into IS NULL",
            event.user_id,
            user,
        )
    return await erase_rows(connection, sorted(people))
