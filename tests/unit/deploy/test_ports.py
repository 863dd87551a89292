"""Ports are given once, and only where nobody is or has just been."""

import asyncio
import secrets
import socket
import subprocess
import sys

import pytest

from deploy.local import ports
from deploy.local.ports import free_port, port_is_free
from deploy.local.roles import ROOT


@pytest.fixture
def free() -> int:
    """A port that is free, and not given to anybody."""
    port = free_port()
    ports._given.pop().close()
    return port


def drawn(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    chances = iter(numbers)
    monkeypatch.setattr(secrets, "randbelow", lambda _most: next(chances) - 18_000)


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    given = free_port()
    drawn(monkeypatch, given, free)

    assert free_port() == free


def test_no_port_is_given_that_another_process_was_given(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    ask = "from deploy.local.ports import free_port; print(free_port(), flush=True); input()"
    command = [sys.executable, "-c", ask]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        drawn(monkeypatch, int(other.stdout.readline()), free)

        assert free_port() == free

        other.communicate("\n")


def test_no_port_is_given_whose_last_connections_linger(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    left = free
    with socket.create_server(("127.0.0.1", left)) as server, socket.create_connection(("127.0.0.1", left)) as client:
        server.accept()[0].close()
        client.recv(1)
    other = free_port()
    ports._given.pop().close()
    drawn(monkeypatch, left, other)

    assert free_port() == other


async def test_a_free_port_is_free_and_a_taken_one_is_not() -> None:
    port = free_port()
    free_before = port_is_free("127.0.0.1", port)
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", port)

    assert free_before
    assert not port_is_free("127.0.0.1", port)

    server.close()
    await server.wait_closed()
