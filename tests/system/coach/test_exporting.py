"""What a user gets of everything that coach keeps."""

import json
import re
from uuid import UUID, uuid4

from services.coach.store.export import EXPORTED
from shared.postgres import Connection
from tests.system.coach.world import COACH, World, frames_of

COLUMNS_OF_USERS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name <> 'user_id' AND table_name IN (
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'user_id' AND table_name <> 'users'
)
"""
# Recorded events are ingest's to export, the next two are made of them; the rest is what is to be done, and how often
# was asked.
LEFT_OUT = {"memory_events", "trainees", "packed_logs", "report_jobs", "model_jobs", "model_requests"}
# Places of messages among all of coach's.
PLACES = {("conversations", "told_to"), ("messages", "position")}


async def test_every_column_of_a_user_is_exported_or_named_here_as_left_out(connection: Connection) -> None:
    columns = {(row["table_name"], row["column_name"]) for row in await connection.fetch(COLUMNS_OF_USERS)}

    missing = {
        (table, column)
        for table, column in columns
        if table not in LEFT_OUT and not re.search(rf"\b{column}\b", EXPORTED.get(table, ""))
    }

    assert missing == PLACES
    assert {table for table, _ in columns} == LEFT_OUT | set(EXPORTED)


async def test_an_exported_conversation_says_what_its_user_sees(world: World, connection: Connection) -> None:
    user = uuid4()
    conversation = UUID((await frames_of(world, user, "hello there"))[-1][1]["conversation_id"])
    await connection.execute(
        "UPDATE conversations SET told = 'What the model told.', summary = 'What came since.'"
        " WHERE conversation_id = $1",
        conversation,
    )

    seen = await world.http.get(f"{COACH}/conversations/{conversation}", headers=world.caller(user))
    internal = {"Authorization": "Bearer service-token"}
    export = await world.http.get(f"/internal/coach/export?user_id={user}", headers=internal)

    lines = [json.loads(line) for line in export.text.splitlines()]
    [exported] = [line["row"] for line in lines if line["table"] == "conversations"]
    assert exported["summary"] == seen.json()["summary"] == "What the model told. What came since."
