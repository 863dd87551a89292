"""Tokens and secrets: private, kept across crashes, and nobody's business but their own."""

import asyncio
import json
import stat
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from client.answers import Tokens
from client.locks import Busy, locked
from client.session import DamagedSession, NoServer, Session, UnusableServer, origin
from tests.unit.client.fake_server import FakeServer
from tests.unit.client.phones import Phone


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "session.json")


def test_only_the_owner_can_read_the_file(session: Session, tmp_path: Path) -> None:
    session.secret(uuid4())

    assert stat.S_IMODE((tmp_path / "session.json").stat().st_mode) == 0o600


def test_a_device_keeps_its_secret(session: Session, tmp_path: Path) -> None:
    device = uuid4()

    secret = session.secret(device)

    assert len(secret) == 64
    assert Session(tmp_path / "session.json").secret(device) == secret
    assert session.secret(uuid4()) != secret


def test_another_server_gets_none_of_the_tokens(session: Session) -> None:
    device = uuid4()
    session.use_server("https://one.test/")
    session.hold(Tokens(uuid4(), device, True, "access", "refresh", 900), now=0)
    assert session.held(device) is not None

    session.use_server("https://two.test")

    assert session.server == "https://two.test"
    assert session.held(device) is None
    assert len(session.secret(device)) == 64


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://Gym.example/", "https://gym.example"),
        (" http://127.0.0.1:8000 ", "http://127.0.0.1:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost:8000/", "http://localhost:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_its_origin(typed: str, meant: str) -> None:
    assert origin(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "gym",
        "ftp://gym:21",
        "file:///etc",
        "http://",
        "http://gym/api",
        "http://gym?a",
        "http://me@gym",
        "http://a:b",
    ],
)
def test_what_is_no_address_of_a_server_is_not_remembered(session: Session, typed: str) -> None:
    session.use_server("https://one.test")

    with pytest.raises(UnusableServer, match="no address of a server"):
        session.use_server(typed)

    assert session.server == "https://one.test"


def test_tokens_of_another_device_are_not_ours(session: Session) -> None:
    session.hold(Tokens(uuid4(), uuid4(), True, "access", "refresh", 900), now=0)

    assert session.held(uuid4()) is None


def test_a_token_is_renewed_before_it_ends(session: Session) -> None:
    device = uuid4()
    session.hold(Tokens(uuid4(), device, True, "access", "refresh", 900), now=1_000)
    held = session.held(device)

    assert held is not None
    assert held.is_fresh(1_000)
    assert not held.is_fresh(1_890)


def test_the_next_device_is_the_same_one_after_a_crash(session: Session, tmp_path: Path) -> None:
    first, second = uuid4(), uuid4()

    assert session.next_device(first) == first
    assert Session(tmp_path / "session.json").next_device(second) == first
    session.became(first)
    assert session.next_device(second) == second


def test_without_a_server_the_message_says_what_to_do(session: Session) -> None:
    with pytest.raises(NoServer, match="sync --server"):
        _ = session.server


async def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    async with locked(path):
        with pytest.raises(Busy):
            async with locked(path, patience_s=0):
                pass
    async with locked(path, patience_s=0):
        pass


async def test_two_processes_that_refresh_at_once_ask_once(tmp_path: Path) -> None:
    server = FakeServer()
    phone = Phone(tmp_path, server.transport)
    await phone.sync()
    twin = Phone(tmp_path, server.transport)
    server.expire_tokens()
    events = len(server.accepted())
    server.requests.clear()
    stale = json.loads((tmp_path / "session.json").read_text())["tokens"]["access_token"]

    first, second = await asyncio.gather(phone.engine.credentials.bearer(stale), twin.engine.credentials.bearer(stale))

    assert first == second != stale
    assert server.requests == ["/api/v1/auth/refresh"]
    assert len(server.accepted()) == events


def test_no_secret_is_lost_where_several_processes_change_the_file(session: Session, tmp_path: Path) -> None:
    # given another process that keeps tokens all the time
    path = tmp_path / "session.json"
    holding = (
        "import sys; from pathlib import Path; from uuid import UUID, uuid4; from client.session import Session\n"
        "session = Session(Path(sys.argv[1]))\n"
        "while not Path(sys.argv[1] + '.end').exists(): session.next_device(uuid4()); session.drop_tokens(); "
        "session.became(session.next_device(uuid4()))\n"
    )
    other = subprocess.Popen([sys.executable, "-c", holding, str(path)])

    while not path.exists():
        time.sleep(0.01)

    # when this one makes secrets
    devices = [uuid4() for _ in range(100)]
    made = {device: session.secret(device) for device in devices}
    (tmp_path / "session.json.end").touch()

    # then all of them are kept
    assert other.wait(timeout=30) == 0
    assert {device: session.secret(device) for device in devices} == made


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_damaged_file_is_named(session: Session, tmp_path: Path, content: str) -> None:
    (tmp_path / "session.json").write_text(content)

    with pytest.raises(DamagedSession, match=r"session\.json is damaged"):
        session.secret(uuid4())


TOKENS: dict[str, object] = {
    "device_id": str(UUID(int=1)),
    "user_id": str(UUID(int=2)),
    "is_anonymous": True,
    "access_token": "access",
    "refresh_token": "refresh",
    "expires_at": 900.5,
}


@pytest.mark.parametrize(
    "content",
    [
        {"tokens": {name: value for name, value in TOKENS.items() if name != "user_id"}},
        {"tokens": "secret"},
        {"tokens": TOKENS | {"expires_at": "tomorrow"}},
        {"tokens": TOKENS | {"user_id": "me"}},
        {"tokens": TOKENS | {"access_token": "gel\u00f6scht"}},
        {"tokens": TOKENS | {"access_token": "two\nlines"}},
        {"tokens": TOKENS | {"refresh_token": None}},
        {"secrets": ["secret"]},
        {"secrets": {str(UUID(int=1)): 5}},
        {"next_device": "next"},
        {"server": 5},
        {"server": "not a url"},
    ],
    ids=json.dumps,
)
def test_a_file_of_another_shape_is_damaged_whatever_is_asked_of_it(
    session: Session, tmp_path: Path, content: dict[str, object]
) -> None:
    written = json.dumps(content)
    (tmp_path / "session.json").write_text(written)

    for ask in (
        lambda: session.held(uuid4()),
        lambda: session.secret(uuid4()),
        lambda: session.next_device(uuid4()),
        lambda: session.server,
    ):
        with pytest.raises(DamagedSession, match=r"session\.json is damaged"):
            ask()

    assert (tmp_path / "session.json").read_text() == written


def test_tokens_that_are_none_are_no_tokens(session: Session, tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text('{"tokens": {}}')

    assert session.held(uuid4()) is None
