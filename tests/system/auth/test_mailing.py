"""Mails, to a real SMTP server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import Message as Email

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from deploy.local.ports import free_port
from services.auth import letters
from services.auth.letters import SmtpMailer, send_due
from services.auth.settings import Settings
from services.auth.store.mails import Mail
from shared.postgres import Pool, create_pool
from tests.system.auth.conftest import Auth, running, written_code


class Inbox(Message):
    """Keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Email] = []

    def handle_message(self, message: Email) -> None:
        self.mails.append(message)


@dataclass
class PostOffice:
    """An SMTP server that can be away."""

    port: int = field(default_factory=free_port)
    inbox: Inbox = field(default_factory=Inbox)

    async def open(self) -> None:
        self._server = Controller(self.inbox, hostname="127.0.0.1", port=self.port)
        await asyncio.to_thread(self._server.start)

    async def close(self) -> None:
        await asyncio.to_thread(self._server.stop)


@pytest.fixture
async def office() -> PostOffice:
    return PostOffice()


@pytest.fixture
async def auth(settings: Settings, office: PostOffice) -> AsyncIterator[Auth]:
    async with running(settings.model_copy(update={"auth_mailer": "smtp", "auth_smtp_port": office.port})) as started:
        yield started


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    async with await create_pool(settings.database_url_auth, min_size=0) as opened:
        await opened.execute("DELETE FROM mails")
        yield opened


async def test_a_mail_goes_out_once_and_its_code_is_good(auth: Auth, office: PostOffice, pool: Pool) -> None:
    phone, email = await auth.account()
    waiting = await written_code(auth, email, "Confirm your address")
    await office.open()
    try:
        assert await send_due(pool, SmtpMailer(auth.settings)) == 1
        assert await send_due(pool, SmtpMailer(auth.settings)) == 0
    finally:
        await office.close()
    (mail,) = office.inbox.mails
    assert (mail["To"], mail["Subject"]) == (email, "Confirm your address")
    assert waiting in str(mail.get_payload())
    assert (await phone.call("POST", "/verify", {"code": waiting})).status_code == 204


async def test_a_mail_waits_for_a_server_that_is_away(auth: Auth, office: PostOffice, pool: Pool) -> None:
    await auth.account()
    assert await send_due(pool, SmtpMailer(auth.settings)) == 0
    assert await pool.fetchval("SELECT attempts FROM mails") == 1
    await pool.execute("UPDATE mails SET next_attempt_at = now() - interval '1 second'")
    await office.open()
    try:
        assert await send_due(pool, SmtpMailer(auth.settings)) == 1
    finally:
        await office.close()
    assert await pool.fetchval("SELECT count(*) FROM mails") == 0


async def test_a_mail_of_no_use_any_more_is_dropped(auth: Auth, office: PostOffice, pool: Pool) -> None:
    await auth.account()
    await pool.execute("UPDATE mails SET expires_at = now() - interval '1 second'")
    assert await send_due(pool, SmtpMailer(auth.settings)) == 0
    assert await pool.fetchval("SELECT count(*) FROM mails") == 0


class Pigeon:
    """Carries mails, and falls down with the second."""

    def __init__(self) -> None:
        self.carried: list[str] = []

    async def send(self, mail: Mail) -> None:
        self.carried.append(mail.recipient)
        if len(self.carried) == 2:
            raise RuntimeError("nobody foresaw that")


async def test_a_mail_that_is_out_stays_out_when_the_next_one_fails(auth: Auth, pool: Pool) -> None:
    # given three mails, and a fault with the second
    emails = [(await auth.account())[1] for _ in range(3)]
    pigeon = Pigeon()
    with pytest.raises(RuntimeError):
        await send_due(pool, pigeon)
    # when the next rounds send what is left, the second once it is nobody's any more
    assert await send_due(pool, pigeon) == 1
    await pool.execute("UPDATE mails SET next_attempt_at = now() - interval '1 second'")
    assert await send_due(pool, pigeon) == 1
    # then nobody but the second has a mail twice
    first, second, third = emails
    assert pigeon.carried == [first, second, third, second]


async def test_who_erases_an_account_waits_for_no_mail_server(auth: Auth, pool: Pool) -> None:
    taken, let_go = asyncio.Event(), asyncio.Event()

    class Snail:
        async def send(self, mail: Mail) -> None:
            taken.set()
            await let_go.wait()

    # given a mail that is on its way to a slow server, which nobody else sends meanwhile
    phone, _ = await auth.account()
    sending = asyncio.create_task(send_due(pool, Snail()))
    await taken.wait()
    assert await send_due(pool, Snail()) == 0
    # when its user is erased, then that is done before the mail is
    assert (await phone.call("DELETE", "/me")).status_code == 202
    assert not sending.done()
    let_go.set()
    await sending
    assert await pool.fetchval("SELECT count(*) FROM mails") == 0


async def test_a_mail_that_nobody_takes_is_let_go_of(auth: Auth, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Snail:
        async def send(self, mail: Mail) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(letters, "SEND_SECONDS", 0.1)
    await auth.account()
    assert await asyncio.wait_for(send_due(pool, Snail()), 60) == 0
    assert await pool.fetchval("SELECT attempts FROM mails") == 1
