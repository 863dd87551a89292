"""Conversations and their messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from services.coach.store import Pool
from shared.errors import NotFound

PAGE = """
SELECT conversation_id, title, created_at, updated_at,
       (SELECT count(*) FROM messages WHERE messages.conversation_id = conversations.conversation_id) AS messages
FROM conversations
WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (updated_at, conversation_id) < ($2, $3))
ORDER BY updated_at DESC, conversation_id DESC LIMIT $4
"""
MESSAGES = """
SELECT message_id, role, text, evidence, source, created_at FROM messages
WHERE conversation_id = $1 ORDER BY position DESC LIMIT $2
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


class Conversations:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, account: UUID, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """The latest first."""
        moment, conversation_id = after or (None, None)
        return [dict(row) for row in await self._pool.fetch(PAGE, account, moment, conversation_id, limit)]

    async def open(self, account: UUID, conversation_id: UUID, title: str, at: datetime) -> None:
        """Begins a conversation."""
        await self._pool.execute(
            "INSERT INTO conversations (conversation_id, user_id, title, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, $4)",
            conversation_id,
            account,
            title,
            at,
        )

    async def require(self, account: UUID, conversation_id: UUID) -> Mapping[str, Any]:
        """The conversation.

        Raises:
            NotFound: where the user has no such one.
        """
        row = await self._pool.fetchrow(
            "SELECT conversation_id, title, summary, created_at, updated_at FROM conversations"
            " WHERE conversation_id = $1 AND user_id = $2",
            conversation_id,
            account,
        )
        if row is None:
            raise NotFound("there is no such conversation")
        return dict(row)

    async def add(self, account: UUID, conversation_id: UUID, message: Message) -> None:
        """Appends a message. Where the conversation was deleted meanwhile, nothing is kept."""
        async with self._pool.acquire() as connection, connection.transaction():
            touched = await connection.execute(
                "UPDATE conversations SET updated_at = $3 WHERE conversation_id = $1 AND user_id = $2",
                conversation_id,
                account,
                message.created_at,
            )
            if touched == "UPDATE 1":
                await connection.execute(
                    "INSERT INTO messages (message_id, conversation_id, user_id, role, text, evidence, source,"
                    " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    message.message_id,
                    conversation_id,
                    account,
                    message.role,
                    message.text,
                    to_json(message.evidence).decode(),
                    message.source,
                    message.created_at,
                )

    async def messages(self, conversation_id: UUID, limit: int = 500) -> Sequence[Message]:
        """The last messages, oldest first."""
        rows = await self._pool.fetch(MESSAGES, conversation_id, limit)
        return [Message(**{**dict(row), "evidence": from_json(row["evidence"])}) for row in reversed(rows)]

    async def summarise(self, conversation_id: UUID, summary: str) -> None:
        """Keeps what was said before the last messages."""
        await self._pool.execute(
            "UPDATE conversations SET summary = $2 WHERE conversation_id = $1", conversation_id, summary
        )

    async def delete(self, account: UUID, conversation_id: UUID) -> None:
        """Deletes a conversation with its messages."""
        await self._pool.execute(
            "DELETE FROM conversations WHERE conversation_id = $1 AND user_id = $2", conversation_id, account
        )
