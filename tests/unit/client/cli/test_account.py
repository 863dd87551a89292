"""Accounts from the command line, and the server that they are on."""

import json
import time
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from client.answers import Tokens
from client.cli.asking import NobodyToAsk
from client.cli.online import NotDone
from client.protocol import Protocol
from client.session import Session, UnusableServer
from tests.unit.client.cli.running import Run, answer
from tests.unit.client.fake_server import Body, FakeServer, Refused

URL = "http://server.test"


class AccountServer(FakeServer):
    """One where everybody has an account whose password nobody asks for, and where no other log is let in."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Body] = []

    def _answer(self, request: httpx2.Request, path: str) -> tuple[int, Body]:
        if request.method == "POST":
            self.bodies.append(json.loads(request.content))
        match request.method, path.removeprefix("/api/v1/auth"):
            case "POST", "/login":
                raise Refused(409, "device_exists")
            case "POST", "/logout":
                self.login_required = True
                return 200, {}
            case "GET", "/me":
                return 200, {"email": None, "is_anonymous": True, "roles": ["client", "trainer"]}
            case "GET", "/devices":
                return 200, {"items": [{"device_id": name} for name in self.store.devices]}
            case "DELETE", _:
                return 200, {}
            case _:
                return super()._answer(request, path)


@pytest.fixture
def server(run: Run, monkeypatch: pytest.MonkeyPatch) -> AccountServer:
    """The server that the log has synced with."""
    server = AccountServer()
    monkeypatch.setattr("client.cli.online.Protocol", partial(Protocol, transport=server.transport))
    run("sync", "--server", URL)
    return server


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "home" / "session.json")


def device(run: Run) -> UUID:
    return UUID(answer(run("status", "--json"))["device_id"])


def test_a_server_that_does_not_answer_does_not_replace_the_one_that_does(
    run: Run, server: AccountServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.cli.online.Protocol", Protocol)

    with pytest.raises(NotDone, match=f"the server is still {URL}"):
        run("sync", "--server", "127.0.0.1:1")

    assert answer(run("status", "--json"))["server"] == URL
    assert session.held(device(run)) is not None


def test_a_server_of_another_kind_does_not_replace_it_either(
    run: Run, server: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = httpx2.MockTransport(lambda _: httpx2.Response(200, text="<html>"))
    monkeypatch.setattr("client.cli.online.Protocol", partial(Protocol, transport=pages))

    with pytest.raises(NotDone, match="the server is still"):
        run("sync", "--server", "http://other.test")
    with pytest.raises(UnusableServer):
        run("doctor", "--server", "other.test")

    assert answer(run("status", "--json"))["server"] == URL


def test_doctor_does_not_show_another_server_the_tokens_of_this_log(
    run: Run, server: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[httpx2.Request] = []

    def answered(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={})

    monkeypatch.setattr("client.cli.online.Protocol", partial(Protocol, transport=httpx2.MockTransport(answered)))

    report = answer(run("doctor", "--server", "https://other.test", "--json", code=1))

    checks = {check["name"]: check for check in report["checks"]}
    assert not asked
    assert f"this log belongs to {URL}" in checks["server"]["note"]


def test_a_server_that_answers_is_remembered(run: Run, server: AccountServer) -> None:
    run("sync", "--server", "other.test:8000")

    assert answer(run("status", "--json"))["server"] == "http://other.test:8000"


def test_after_a_logout_nobody_is_logged_in(run: Run, server: AccountServer) -> None:
    assert answer(run("status", "--json"))["logged_in"]

    run("account", "logout")

    assert not answer(run("status", "--json"))["logged_in"]
    assert "nobody is logged in" in run("status")


def test_a_login_that_the_server_has_forgotten_is_told_once(
    run: Run, server: AccountServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a log that is an account's, and a server that was restored to a time before its first launch
    nothing = FakeServer().backup()
    own = session.held(device(run))
    assert own is not None
    tokens = Tokens(own.user_id, own.device_id, False, own.access_token, own.refresh_token, expires_in=900)
    session.hold(tokens, now=time.time())
    told = "the server has forgotten your account login; `hypertrophy account login` rejoins it"
    assert told not in run("sync")
    server.restore(nothing)
    # when it syncs again
    first, second = run("sync"), run("sync")
    # then it is nobody's, and says so
    assert told in first
    assert told not in second


def test_the_log_of_one_account_says_what_another_can_do(run: Run, server: AccountServer) -> None:
    run("account", "logout")

    with pytest.raises(NotDone, match="HYPERTROPHY_HOME=FOLDER hypertrophy account login"):
        run("account", "login", "other@home", "--password", "Kettle-99-bells")


def test_a_device_is_known_by_the_name_of_its_host(
    run: Run, server: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "rack")
    monkeypatch.setenv("HYPERTROPHY_HOME", str(Path(answer(run("status", "--json"))["home"]) / "new"))

    run("sync", "--server", URL)

    launched = [body for body in server.bodies if "device_secret" in body]
    assert (launched[-1]["name"], launched[-1]["platform"]) == ("rack", "python")


def test_a_revoked_device_is_said_to_be_locked_out_soon(run: Run, server: AccountServer) -> None:
    assert "within 15 minutes" in run("account", "devices", "--revoke", str(device(run)))
    assert "within" not in run("account", "devices")


def test_the_account_is_shown_in_words(run: Run, server: AccountServer) -> None:
    assert run("account", "show").split() == ["email", "none", "is", "anonymous", "yes", "roles", "client,", "trainer"]


def test_a_password_that_nobody_can_be_asked_for_is_met_with_the_ways_to_give_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HYPERTROPHY_PASSWORD", raising=False)

    for command in ("register", "login"):
        with pytest.raises(NobodyToAsk, match="--password, or set HYPERTROPHY_PASSWORD"):
            run("account", command, "lifter@home")


@pytest.mark.parametrize("reference", ["", "-", "{end}"])
def test_what_means_no_device_locks_none_out(run: Run, server: AccountServer, reference: str) -> None:
    with pytest.raises(NotDone, match="0 devices are meant by"):
        run("account", "devices", "--revoke", reference.format(end=str(device(run))[-3:]))


def test_a_device_is_meant_by_the_end_of_its_id(run: Run, server: AccountServer) -> None:
    assert "locked out" in run("account", "devices", "--revoke", str(device(run))[-6:].upper())
