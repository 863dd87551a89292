"""What a stack is told and claims, without starting one."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deploy.local import stack as stacks
from deploy.local.ports import free_port, shared_socket
from deploy.local.processes import StartError, started_at
from deploy.local.roles import product_roles
from deploy.local.stack import Stack, find_stack


async def test_a_folder_in_use_is_left_alone_and_its_user_is_named(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{}")
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("process 7 at http://127.0.0.1:8000")
        lock.flush()

        with pytest.raises(StartError, match="process 7 at http://127"):
            await Stack(tmp_path).start()

    assert (tmp_path / "stack.json").exists()


async def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(StartError, match=f"port {port} .* taken"):
            await Stack(tmp_path, port=port).start()

    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("host", ["203.0.113.7", "nosuch.invalid"])
async def test_an_address_that_this_machine_has_not_is_no_taken_port(tmp_path: Path, host: str) -> None:
    with pytest.raises(StartError, match=f"^this machine has no address {host} .*--host$"):
        await Stack(tmp_path, host=host, port=8000).start()


def test_a_second_try_after_a_refusal_may_claim_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        stack = Stack(tmp_path)
        stack._claim()
        assert stack._lock is not None
        stack._lock.close()


def test_every_process_hears_the_same_addresses_and_its_settings(tmp_path: Path) -> None:
    port = free_port()
    stack = Stack(tmp_path, port=port, settings={"AUTH_ACCESS_SECONDS": "5"})

    for process in stack.processes.values():
        environment = process.program.environment
        assert environment["INGEST_URL"] == f"http://127.0.0.1:{port}"
        assert environment["AUTH_ACCESS_SECONDS"] == "5"
        assert Path(environment["SERVICE_TOKEN_FILE"]).read_text()
        assert set(json.loads(environment["HYPERTROPHY_WORKERS"])) == set(stack.processes) - {"http"}


def test_all_http_processes_share_one_address(tmp_path: Path) -> None:
    stack = Stack(tmp_path, roles=product_roles(http_processes=2))

    stack._claim()

    assert {"http", "http-2"} < set(stack.processes)
    for _ in range(2):
        shared_socket(stack.host, stack.port).close()
    with pytest.raises(StartError, match="is taken"):
        Stack(tmp_path / "another", port=stack.port)._claim()


def test_more_projector_workers_are_further_processes() -> None:
    names = [role.name for role in product_roles(projector_workers=3).workers]

    assert names == [
        "ingest-relay",
        "projector-worker",
        "projector-worker-2",
        "projector-worker-3",
        "auth-worker",
        "coach-worker",
    ]


def describe(data: Path, started: float | None) -> None:
    description = {
        "url": "http://127.0.0.1:8000",
        "supervisor": os.getpid(),
        "supervisor_started": started,
        "pids": {"kafka": 1},
        "environment": {},
    }
    (data / "stack.json").write_text(json.dumps(description))


def test_a_running_stack_is_found(tmp_path: Path) -> None:
    describe(tmp_path, started_at(os.getpid()))

    found = find_stack(tmp_path)

    assert found is not None
    assert (found.url, found.pids["kafka"]) == ("http://127.0.0.1:8000", 1)


def test_what_a_killed_stack_left_is_not_a_running_one(tmp_path: Path) -> None:
    describe(tmp_path, 1.0)

    assert find_stack(tmp_path) is None
    assert find_stack(tmp_path / "nothing") is None


@contextmanager
def projector_saying(port: int, rebuild: dict[str, Any]) -> Iterator[list[str]]:
    """Services that are not ready, and what they say of a rebuild; gives the tokens that they were asked with."""
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = {"/internal/projector/rebuild": rebuild}.get(self.path, {"parts": {"projector-worker": "not ready"}})
            tokens.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield tokens
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Stack, list[str]]:
    """A stack without processes, which is ready once it has said something ten times; and what it has said."""
    said: list[str] = []
    stack = Stack(tmp_path, report=said.append)
    stack.processes.clear()

    async def ready() -> bool:
        return len(said) == 10

    monkeypatch.setattr(stack, "ready", ready)
    monkeypatch.setattr(stacks, "READY_SECONDS", 2)
    monkeypatch.setattr(stacks, "REBUILD_LOOK_SECONDS", 0.3)
    return stack, said


async def test_a_start_waits_for_as_long_as_an_upgrade_makes_the_read_models_again(
    starting: tuple[Stack, list[str]],
) -> None:
    stack, said = starting
    progress = {"phase": "folding", "events_done": 1_000, "events_total": 4_000}

    with projector_saying(
        stack.port, {"running": True, "generations": [{"state": "building", "progress": progress}]}
    ) as tokens:
        await stack._until_ready()

    assert said == ["the read models are made again for this version: 1,000 of 4,000 events (folding)"] * 10
    assert set(tokens) == {f"Bearer {(stack.data / 'secrets' / 'service-token').read_text()}"}


async def test_a_start_does_not_wait_for_long_where_nothing_is_made_again(starting: tuple[Stack, list[str]]) -> None:
    stack, _ = starting

    with (
        projector_saying(stack.port, {"running": False, "generations": []}),
        pytest.raises(StartError, match=r"not ready .* projector-worker"),
    ):
        await stack._until_ready()
