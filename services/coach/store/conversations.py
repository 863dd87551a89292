"""Conversations and their messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from services.coach.store import Connection, Pool
from services.coach.store.own import own
from shared.errors import NotFound

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
ONE = """
SELECT conversation_id, title, summary, created_at, updated_at FROM conversations
WHERE conversation_id = $1 AND user_id = $2
"""
MESSAGES = """
SELECT message_id, role, text, evidence, source, created_at FROM messages
WHERE conversation_id = $1 AND user_id = $2 ORDER BY position DESC LIMIT $3
"""
TOUCH = "UPDATE conversations SET updated_at = $3 WHERE conversation_id = $1 AND user_id = $2 RETURNING summary"
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
        async with own(self._pool, account) as connection:
            await connection.execute(OPEN, conversation_id, account, title, message.created_at)
            await _add(connection, account, conversation_id, message)
        return Before(conversation_id)

    async def go_on(self, account: UUID, conversation_id: UUID, message: Message, limit: int) -> Before:
        """Takes one more message of the user.

        Raises:
            NotFound: where the user has no such conversation.
        """
        async with own(self._pool, account) as connection:
            touched = await connection.fetchrow(TOUCH, conversation_id, account, message.created_at)
            if touched is None:
                raise NotFound(NO_SUCH)
            before = await _messages(connection, account, conversation_id, limit)
            await _add(connection, account, conversation_id, message)
        return Before(conversation_id, before, touched["summary"])

    async def require(self, account: UUID, conversation_id: UUID) -> Mapping[str, Any]:
        """The conversation.

        Raises:
            NotFound: where the user has no such one.
        """
        async with own(self._pool, account) as connection:
            return await _require(connection, account, conversation_id)

    async def add(self, account: UUID, conversation_id: UUID, message: Message) -> None:
        """Appends a message. Where the conversation was deleted meanwhile, nothing is kept."""
        async with own(self._pool, account) as connection:
            if await connection.fetchrow(TOUCH, conversation_id, account, message.created_at):
                await _add(connection, account, conversation_id, message)

    async def messages(self, account: UUID, conversation_id: UUID, limit: int = 500) -> Sequence[Message]:
        """The last messages, oldest first."""
        async with own(self._pool, account) as connection:
            return await _messages(connection, account, conversation_id, limit)

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
        """Deletes a conversation with its messages."""
        async with own(self._pool, account) as connection:
            await connection.execute(
                "DELETE FROM conversations WHERE conversation_id = $1 AND user_id = $2", conversation_id, account
            )


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
