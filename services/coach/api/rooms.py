"""What routes reach: the rooms of the service, and which account the caller is."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.coach.chat import Chat
from services.coach.logs import Logs
from services.coach.model.gate import Gate
from services.coach.store.conversations import Conversations
from services.coach.store.facts import LastingFacts
from services.coach.store.memory import Memory
from services.coach.store.people import account_of
from services.coach.store.reports import Reports
from shared.envelope import Link
from shared.following import Follower
from shared.policy import Caller
from shared.postgres import Pool

PREFIX = "/api/v1/coach"


@dataclass(frozen=True)
class Rooms:
    """Made at start, shared by all requests.

    Connections of `pool` see rows of the account that a transaction names, those of `operators` and its `memory` all.
    """

    pool: Pool
    operators: Pool
    memory: Memory
    logs: Logs
    conversations: Conversations
    facts: LastingFacts
    reports: Reports
    gate: Gate
    chat: Chat
    follower: Follower[Link]


def rooms(request: Request) -> Rooms:
    """The rooms of this process."""
    found: Rooms = request.app.state.rooms
    return found


InRooms = Annotated[Rooms, Depends(rooms)]


async def account(caller: Caller, here: InRooms) -> UUID:
    """The account that the caller is now: a merged user's token means the account it went into."""
    async with here.pool.acquire() as connection:
        return await account_of(connection, caller.user_id)


Account = Annotated[UUID, Depends(account)]
