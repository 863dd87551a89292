"""Everything that coach keeps of one user, for the user."""

from collections.abc import AsyncIterator
from uuid import UUID

from pydantic_core import to_json

from services.coach.store.conversations import CONVERSATIONS
from services.coach.store.own import own
from services.coach.store.people import account_of
from shared.postgres import Pool
from shared.views.rows import json_form

# What the user said and was told; the training itself is ingest's to export.
EXPORTED = {
    "conversations": CONVERSATIONS,
    "messages": "SELECT message_id, conversation_id, role, text, evidence, source, created_at FROM messages",
    "lasting_facts": "SELECT memory_id, kind, text, created_at FROM lasting_facts",
    "weekly_reports": "SELECT week, week_start, revision, created_at, content FROM weekly_reports",
    "token_usage": "SELECT day, input_tokens, output_tokens FROM token_usage",
}


async def kept_of(pool: Pool, user_id: UUID) -> AsyncIterator[bytes]:
    """JSON lines, each `{"table": …, "row": {…}}`."""
    async with pool.acquire() as connection:
        account = await account_of(connection, user_id)
    async with own(pool, account, "repeatable_read") as connection:
        for table, query in EXPORTED.items():
            async for row in connection.cursor(f"{query} WHERE user_id = $1", account):
                yield to_json(json_form({"table": table, "row": dict(row)})) + b"\n"
