"""Conversations and their messages."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from services.coach.store.model_jobs import ModelJob, end
from services.coach.store.own import own, own_by_now
from shared.errors import NotFound, UserErased
from shared.postgres import Connection, Pool, affected

PAGE = """
SELECT conversation_id, title, created_at, updated_at,
       (SELECT count(*) FROM messages WHERE messages.conversation_id = conversations.conversation_id) AS messages
FROM conversations
WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (updated_at, conversation_id) < ($2, $3))
ORDER BY updated_at DESC, conversation_id DESC LIMIT $4
"""
NO_SUCH = "there is no such conversation"
OPEN = """
INSERT INTO conversations (conversation_id, user_id, title, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
"""
# What the model has told of it, and what the rules say of what came since.
CONVERSATIONS = """
SELECT conversation_id, title, concat_ws(' ', nullif(told, ''), nullif(summary, '')) AS summary, created_at, updated_at
FROM conversations
"""
ONE = f"{CONVERSATIONS} WHERE conversation_id = $1 AND user_id = $2"
MESSAGES = """
SELECT message_id, role, text, evidence, source, created_at FROM messages
WHERE conversation_id = $1 AND user_id = $2 ORDER BY position DESC LIMIT $3
"""
TOUCH = "UPDATE conversations SET updated_at = $3 WHERE conversation_id = $1 AND user_id = $2 RETURNING told, summary"
# What is not among the last messages, and not in what the model has told.
EARLIER = """
SELECT position, role, text FROM messages
WHERE conversation_id = $1 AND user_id = $2
  AND position > (SELECT told_to FROM conversations WHERE conversation_id = $1 AND user_id = $2)
ORDER BY position DESC OFFSET $3 LIMIT 60
"""
TELL = """
UPDATE conversations SET told = $3, told_to = $4, summary = ''
WHERE conversation_id = $1 AND user_id = $2 AND told_to < $4
"""
ADD = """
INSERT INTO messages (message_id, conversation_id, user_id, role, text, evidence, source, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What one side said. `source` is `rules` or the model's name, None for the user."""

    message_id: UUID
    role: str
    text: str
    evidence: Sequence[Mapping[str, Any]]
    source: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message as a summary needs it; positions grow through all conversations."""

    position: int
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Before:
    """What was said in a conversation before a message: the last messages, oldest first, and what of the others."""

    conversation_id: UUID
    messages: Sequence[Message] = ()
    summary: str = ""


class Conversations:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, account: UUID, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """The latest first."""
        moment, conversation_id = after or (None, None)
        async with own(self._pool, account) as connection:
            return [dict(row) for row in await connection.fetch(PAGE, account, moment, conversation_id, limit)]

    async def begin(self, account: UUID, conversation_id: UUID, title: str, message: Message) -> Before:
        """Opens a conversation with its first message."""
        async with own_by_now(self._pool, account) as (connection, by_now):
            await connection.execute(OPEN, conversation_id, by_now, title, message.created_at)
            await _add(connection, by_now, conversation_id, message)
        return Before(conversation_id)

    async def go_on(self, account: UUID, conversation_id: UUID, message: Message, limit: int) -> Before:
        """Takes one more message of the user.

        Raises:
            NotFound: where the user has no such conversation.
        """
        async with own_by_now(self._pool, account) as (connection, by_now):
            touched = await connection.fetchrow(TOUCH, conversation_id, by_now, message.created_at)
            if touched is None:
                raise NotFound(NO_SUCH)
            before = await _messages(connection, by_now, conversation_id, limit)
            await _add(connection, by_now, conversation_id, message)
        return Before(conversation_id, before, f"{touched['told']} {touched['summary']}".strip())

    async def require(self, account: UUID, conversation_id: UUID) -> Mapping[str, Any]:
        """The conversation.

        Raises:
            NotFound: where the user has no such one.
        """
        async with own(self._pool, account) as connection:
            return await _require(connection, account, conversation_id)

    async def add(self, account: UUID, conversation_id: UUID, message: Message) -> None:
        """Appends a message, also where the user was merged while it was written. Where the conversation was deleted
        meanwhile, or the user erased, nothing is kept."""
        with suppress(UserErased):
            async with own_by_now(self._pool, account) as (connection, by_now):
                if await connection.fetchrow(TOUCH, conversation_id, by_now, message.created_at):
                    await _add(connection, by_now, conversation_id, message)

    async def messages(self, account: UUID, conversation_id: UUID, limit: int = 500) -> Sequence[Message]:
        """The last messages, oldest first."""
        async with own(self._pool, account) as connection:
            return await _messages(connection, account, conversation_id, limit)

    async def earlier(self, account: UUID, conversation_id: UUID, last: int) -> Sequence[Earlier]:
        """Messages before the `last` ones that the model has not told of yet, oldest first."""
        async with own(self._pool, account) as connection:
            rows = await connection.fetch(EARLIER, conversation_id, account, last)
        return [Earlier(**row) for row in reversed(rows)]

    async def told(self, account: UUID, conversation_id: UUID) -> str | None:
        """What the model has told of it so far; None where there is no such conversation."""
        async with own(self._pool, account) as connection:
            query = "SELECT told FROM conversations WHERE conversation_id = $1 AND user_id = $2"
            told: str | None = await connection.fetchval(query, conversation_id, account)
        return told

    async def tell(self, job: ModelJob, told: str, to: int) -> None:
        """Keeps the model's notes up to a position, and ends the job, at once."""
        async with own(self._pool, job.user_id) as connection:
            if await end(connection, job):
                await connection.execute(TELL, UUID(job.subject), job.user_id, told, to)

    async def summarise(self, account: UUID, conversation_id: UUID, summary: str) -> None:
        """Keeps what was said before the last messages."""
        async with own(self._pool, account) as connection:
            await connection.execute(
                "UPDATE conversations SET summary = $3 WHERE conversation_id = $1 AND user_id = $2",
                conversation_id,
                account,
                summary,
            )

    async def delete(self, account: UUID, conversation_id: UUID) -> None:
        """Deletes a conversation with its messages.

        Raises:
            NotFound: where the user has no such one.
        """
        async with own(self._pool, account) as connection:
            gone = await connection.execute(
                "DELETE FROM conversations WHERE conversation_id = $1 AND user_id = $2", conversation_id, account
            )
        if not affected(gone):
            raise NotFound(NO_SUCH)


async def _require(connection: Connection, account: UUID, conversation_id: UUID) -> Mapping[str, Any]:
    row = await connection.fetchrow(ONE, conversation_id, account)
    if row is None:
        raise NotFound(NO_SUCH)
    return dict(row)


async def _messages(connection: Connection, account: UUID, conversation_id: UUID, limit: int) -> Sequence[Message]:
    rows = await connection.fetch(MESSAGES, conversation_id, account, limit)
    return [Message(**{**dict(row), "evidence": from_json(row["evidence"])}) for row in reversed(rows)]


async def _add(connection: Connection, account: UUID, conversation_id: UUID, message: Message) -> None:
    await connection.execute(
        ADD,
        message.message_id,
        conversation_id,
        account,
        message.role,
        message.text,
        to_json(message.evidence).decode(),
        message.source,
        message.created_at,
    )
