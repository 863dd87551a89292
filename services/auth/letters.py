"""What auth writes to people, and how it gets to them."""

import asyncio
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Protocol

import aiosmtplib
from uuid_utils.compat import uuid7

from services.auth.secret_values import hash_of, new_secret
from services.auth.settings import Settings
from services.auth.store import codes, mails
from services.auth.store.mails import Mail
from services.auth.store.users import User
from shared.postgres import Connection, Pool
from shared.telemetry import log
from shared.values import utc_now

VERIFY_DAYS, RESET_MINUTES = 7, 60
SEND_SECONDS = 30.0
# A mail belongs to who sends it for longer than sending may take. No lock is held meanwhile: whoever erases the mail's
# user waits for nobody's mail server.
TAKEN_FOR = timedelta(minutes=2)


async def write_verification(connection: Connection, user: User, now: datetime) -> None:
    """A code that proves the address."""
    await _write(
        connection,
        user,
        "verify",
        now,
        timedelta(days=VERIFY_DAYS),
        "Confirm your address",
        "Welcome to Hypertrophy. This code confirms your address:\n\n    {code}\n\n"
        f"It is good for {VERIFY_DAYS} days. If you have made no account, do nothing.\n",
    )


async def write_reset(connection: Connection, user: User, now: datetime) -> None:
    """A code that sets a new password."""
    await _write(
        connection,
        user,
        "reset",
        now,
        timedelta(minutes=RESET_MINUTES),
        "Set a new password",
        "Somebody, you we hope, asked for a new password. This code sets it:\n\n    {code}\n\n"
        f"It is good for {RESET_MINUTES} minutes, once. If it was not you, do nothing.\n",
    )


async def _write(
    connection: Connection,
    user: User,
    purpose: codes.Purpose,
    now: datetime,
    lifetime: timedelta,
    subject: str,
    text: str,
) -> None:
    code = new_secret()
    await codes.add(connection, hash_of(code), purpose, user.user_id, now + lifetime)
    assert user.email is not None
    mail = Mail(uuid7(), user.user_id, user.email, subject, text.format(code=code), now + lifetime)
    await mails.add(connection, mail, now)


class Mailer(Protocol):
    """A way to people."""

    async def send(self, mail: Mail) -> None:
        """Raises OSError or aiosmtplib.SMTPException when it cannot be handed over."""


class ConsoleMailer:
    """Writes mails to the log, for machines without mail."""

    async def send(self, mail: Mail) -> None:
        log().info("mail", recipient=mail.recipient, subject=mail.subject, body=mail.body)


class SmtpMailer:
    """Hands mails to an SMTP server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, mail: Mail) -> None:
        message = EmailMessage()
        message["From"] = self._settings.auth_mail_from
        message["To"] = mail.recipient
        message["Subject"] = mail.subject
        message.set_content(mail.body)
        password = self._settings.auth_smtp_password
        await aiosmtplib.send(
            message,
            hostname=self._settings.auth_smtp_host,
            port=self._settings.auth_smtp_port,
            use_tls=self._settings.auth_smtp_security == "tls",
            start_tls=self._settings.auth_smtp_security == "starttls",
            username=self._settings.auth_smtp_username,
            password=password.get_secret_value() if password else None,
            timeout=15,
        )


def mailer(settings: Settings) -> Mailer:
    """The one that the settings choose."""
    match settings.auth_mailer:
        case "console":
            return ConsoleMailer()
        case "smtp":
            return SmtpMailer(settings)


async def send_due(pool: Pool, way: Mailer) -> int:
    """Sends what is due and returns how many went out; what cannot go yet is tried again, ever more rarely.

    A process that ends in the middle of it leaves a mail to be sent once more.
    """
    now = utc_now()
    sent = 0
    while (mail := await mails.take_due(pool, now, utc_now() + TAKEN_FOR)) is not None:
        sent += await _deliver(pool, way, mail, now)
    return sent


async def _deliver(pool: Pool, way: Mailer, mail: Mail, now: datetime) -> bool:
    """Whether it went out."""
    if mail.expires_at <= now:
        log().error("mail_expired", mail_id=str(mail.mail_id), attempts=mail.attempts)
        await mails.drop(pool, mail.mail_id)
        return False
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await way.send(mail)
    except (OSError, ValueError, aiosmtplib.SMTPException) as error:
        pause = min(timedelta(seconds=5 * 2**mail.attempts), timedelta(minutes=15))
        log().warning("mail_postponed", mail_id=str(mail.mail_id), error=repr(error), pause_s=pause.total_seconds())
        await mails.postpone(pool, mail.mail_id, utc_now() + pause)
        return False
    await mails.drop(pool, mail.mail_id)
    return True
