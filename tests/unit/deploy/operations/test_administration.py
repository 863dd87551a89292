"""Passwords that whoever runs the server gives to accounts."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from client.cli.__main__ import create_app
from client.cli.asking import NobodyToAsk
from deploy.local.operations import administration
from deploy.local.operations.running import Operator
from deploy.local.stack import RunningStack

COMMANDS = pytest.mark.parametrize("command", [["create"], ["reset-password"]], ids=" ".join)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the stack is told."""
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return httpx2.Response(200, json={"roles": ["admin"], "account": "made"})

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://stack")
    found = Operator(RunningStack("http://stack", 1, {}, {}), http)
    monkeypatch.setattr(administration, "operate", lambda _, work: asyncio.run(work(found)))
    monkeypatch.delenv("HYPERTROPHY_PASSWORD", raising=False)
    return bodies


def admin(*words: str, **how: Any) -> Result:
    return CliRunner().invoke(create_app(), ["admin", *words, "lifter@home"], **how)


@COMMANDS
def test_a_password_that_nobody_can_be_asked_for_is_met_with_the_ways_to_give_it(
    command: list[str], sent: list[dict[str, Any]]
) -> None:
    done = admin(*command)

    assert isinstance(done.exception, NobodyToAsk)
    assert "--password, or set HYPERTROPHY_PASSWORD" in str(done.exception)
    assert (done.output, sent) == ("", [])


@COMMANDS
def test_a_password_may_be_given_by_the_environment(command: list[str], sent: list[dict[str, Any]]) -> None:
    assert admin(*command, env={"HYPERTROPHY_PASSWORD": "Kettle-99-bells"}).exit_code == 0

    assert [body["password"] for body in sent] == ["Kettle-99-bells"]


@COMMANDS
def test_a_password_that_is_asked_for_is_typed_twice(
    command: list[str], sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.cli.asking.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))

    done = admin(*command, input="Kettle-99-bells\nKettle-98-bells\nKettle-99-bells\nKettle-99-bells\n")

    assert "do not match" in done.output
    assert [body["password"] for body in sent] == ["Kettle-99-bells"]
