"""Users: anonymous, accounts, merged ones and the ids of erased ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from asyncpg import Record

from shared.postgres import Connection
from shared.tokens import Role

COLUMNS = """
    user_id, is_anonymous, email, email_verified_at IS NOT NULL AS email_verified, password_hash, display_name, roles,
    merged_into
"""


@dataclass(frozen=True, slots=True)
class User:
    """A user. `email` is as it was written; `password_hash` is set for accounts."""

    user_id: UUID
    is_anonymous: bool
    email: str | None = None
    email_verified: bool = False
    password_hash: str | None = None
    display_name: str | None = None
    roles: tuple[Role, ...] = (Role.CLIENT,)
    merged_into: UUID | None = None


def email_key(email: str) -> str:
    """What makes two addresses the same one."""
    return email.strip().casefold()


def _user(row: Record) -> User:
    return User(**{**row, "roles": tuple(Role(role) for role in row["roles"])})


async def root(connection: Connection, user_id: UUID, *, lock: Literal["", "SHARE", "UPDATE"] = "") -> User | None:
    """The user that this id means after merges; None for one that is not, or no longer, known."""
    clause = f"FOR {lock}" if lock else ""
    while True:
        row = await connection.fetchrow(f"SELECT {COLUMNS} FROM users WHERE user_id = $1 {clause}", user_id)  # noqa: S608
        if row is None:
            return None
        if row["merged_into"] is None:
            return _user(row)
        user_id = row["merged_into"]


async def lock(connection: Connection, user_ids: Sequence[UUID]) -> None:
    """Takes these users' rows, always in the same order."""
    await connection.execute(
        "SELECT 1 FROM users WHERE user_id = ANY($1) ORDER BY user_id FOR UPDATE", sorted(set(user_ids))
    )


async def by_email(connection: Connection, email: str) -> User | None:
    row = await connection.fetchrow(f"SELECT {COLUMNS} FROM users WHERE email_key = $1", email_key(email))  # noqa: S608
    return _user(row) if row else None


async def add_anonymous(connection: Connection, user_id: UUID, now: datetime, server_device: UUID | None) -> None:
    await connection.execute(
        "INSERT INTO users (user_id, is_anonymous, server_device_id, created_at) VALUES ($1, true, $2, $3)",
        user_id,
        server_device,
        now,
    )


async def make_account(
    connection: Connection, user_id: UUID, email: str, password_hash: str, display_name: str | None
) -> None:
    """Gives the user credentials.

    Raises:
        asyncpg.UniqueViolationError: when another user has the address.
    """
    await connection.execute(
        """
        UPDATE users SET is_anonymous = false, email = $2, email_key = $3, password_hash = $4,
            display_name = coalesce($5, display_name)
        WHERE user_id = $1
        """,
        user_id,
        email.strip(),
        email_key(email),
        password_hash,
        display_name,
    )


async def set_password(connection: Connection, user_id: UUID, password_hash: str) -> None:
    await connection.execute("UPDATE users SET password_hash = $2 WHERE user_id = $1", user_id, password_hash)


async def set_display_name(connection: Connection, user_id: UUID, display_name: str | None) -> None:
    await connection.execute("UPDATE users SET display_name = $2 WHERE user_id = $1", user_id, display_name)


async def add_roles(connection: Connection, user_id: UUID, roles: Sequence[Role]) -> None:
    await connection.execute(
        """
        UPDATE users SET roles = (SELECT array_agg(DISTINCT role) FROM unnest(roles || $2) AS role) WHERE user_id = $1
        """,
        user_id,
        [role.value for role in roles],
    )


async def set_verified(connection: Connection, user_id: UUID, now: datetime) -> bool:
    """Whether this was the first time."""
    done = await connection.fetchval(
        "UPDATE users SET email_verified_at = $2 WHERE user_id = $1 AND email_verified_at IS NULL RETURNING true",
        user_id,
        now,
    )
    return done is True


async def merged_into(connection: Connection, user_id: UUID) -> Sequence[UUID]:
    """The anonymous users that this one has taken in."""
    rows = await connection.fetch("SELECT user_id FROM users WHERE merged_into = $1 ORDER BY user_id", user_id)
    return [row["user_id"] for row in rows]


async def merge(connection: Connection, from_user: UUID, into_user: UUID) -> None:
    """`from_user`, and everyone merged into it before, is `into_user` from now on; so are their devices."""
    await connection.execute(
        "UPDATE users SET merged_into = $2 WHERE user_id = $1 OR merged_into = $1", from_user, into_user
    )
    await connection.execute("UPDATE devices SET user_id = $2 WHERE user_id = $1", from_user, into_user)


async def is_erased(connection: Connection, user_id: UUID) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT 1 FROM erased_users WHERE user_id = $1)", user_id))


async def without_server_device(connection: Connection, limit: int = 1_000) -> Sequence[UUID]:
    """Users whose server device under the present epoch is not worked out yet."""
    rows = await connection.fetch("SELECT user_id FROM users WHERE server_device_id IS NULL LIMIT $1", limit)
    return [row["user_id"] for row in rows]


async def set_server_devices(connection: Connection, devices: Sequence[tuple[UUID, UUID]]) -> None:
    """`(user, server device)` pairs."""
    await connection.executemany("UPDATE users SET server_device_id = $2 WHERE user_id = $1", devices)
