"""Who is who: merged users mean the account they went into, and erased ones are never written for again."""

from collections.abc import Collection, Mapping
from uuid import UUID

from shared.errors import UserErased
from shared.postgres import Connection, locked

KNOWN = "SELECT user_id, merged_into, erasure_id FROM users WHERE user_id = ANY($1) ORDER BY user_id FOR SHARE"
MEET = "INSERT INTO users (user_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"


async def owners_of(connection: Connection, user_ids: Collection[UUID]) -> Mapping[UUID, UUID | None]:
    """The account that each user is now, None for an erased one; locked against merges until the transaction ends."""
    rows = await locked(connection, KNOWN, MEET, sorted(user_ids))
    return {row["user_id"]: None if row["erasure_id"] else row["merged_into"] or row["user_id"] for row in rows}


async def account_of(connection: Connection, user_id: UUID) -> UUID:
    """The account that a caller is now.

    Raises:
        UserErased
    """
    row = await connection.fetchrow("SELECT account, erased FROM caller($1)", user_id)
    if row["erased"]:
        raise UserErased("this user was erased")
    account: UUID = row["account"]
    return account
