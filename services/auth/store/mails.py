"""Mails that wait to be sent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres import Connection, Pool


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail; after `expires_at` it is of no use to anybody."""

    mail_id: UUID
    user_id: UUID
    recipient: str
    subject: str
    body: str
    expires_at: datetime
    attempts: int = 0


async def add(connection: Connection, mail: Mail, now: datetime) -> None:
    await connection.execute(
        """
        INSERT INTO mails (mail_id, user_id, recipient, subject, body, next_attempt_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        mail.mail_id,
        mail.user_id,
        mail.recipient,
        mail.subject,
        mail.body,
        now,
        mail.expires_at,
    )


async def take_due(pool: Pool, now: datetime, until: datetime) -> Mail | None:
    """The mail that has been due for longest, which is then due again only at `until`: meanwhile it is the caller's."""
    row = await pool.fetchrow(
        """
        UPDATE mails SET next_attempt_at = $2 WHERE mail_id = (
            SELECT mail_id FROM mails WHERE next_attempt_at <= $1
            ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING mail_id, user_id, recipient, subject, body, expires_at, attempts
        """,
        now,
        until,
    )
    return Mail(**row) if row else None


async def postpone(pool: Pool, mail_id: UUID, until: datetime) -> None:
    await pool.execute(
        "UPDATE mails SET attempts = attempts + 1, next_attempt_at = $2 WHERE mail_id = $1", mail_id, until
    )


async def drop(pool: Pool, mail_id: UUID) -> None:
    await pool.execute("DELETE FROM mails WHERE mail_id = $1", mail_id)
